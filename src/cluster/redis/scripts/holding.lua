-- Seats::holding.
local mine = seat_of(ARGV[5])
return { 'seats', text(now), lines(mine and (mine.ends > now or now < settled) and { mine } or {}) }
