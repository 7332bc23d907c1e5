-- Seats::release; with `open`, Seats::take_away.
local participant, epoch, open = unpack(ARGV, 5)
local mine = seat_of(participant)
if not mine or mine.epoch ~= tonumber(epoch) or (open and not mine.open) then return { 'lost', text(now) } end
give_up({ mine })
return { 'released', text(now) }
