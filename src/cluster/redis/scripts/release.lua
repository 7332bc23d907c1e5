-- Seats::release. With a third argument, Seats::take_away: only an unprotected seat is released.
local participant, epoch, only_unprotected = unpack(ARGV, 5)
local own = seat_of(participant)
if not own or own.epoch ~= tonumber(epoch) or (only_unprotected and not own.open) then
  return { 'lost', text(now) }
end
release({ own })
return { 'released', text(now) }
