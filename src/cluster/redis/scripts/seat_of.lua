-- Seats::seat_of: the participant's seat, unless its lease has ended.
local own = seat_of(ARGV[5])
return { 'seats', text(now), lines(own and (own.ends > now or now < restored) and { own } or {}) }
