-- Seats::release.
local participant, epoch = unpack(ARGV, 5)
local mine = seat_of(participant)
if not mine or mine.epoch ~= tonumber(epoch) then return { 'lost', text(now) } end
give_up({ mine })
return { 'released', text(now) }
