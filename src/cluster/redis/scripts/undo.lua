-- Takes a claim back as if it had never been made: unlike a release, it leaves nothing by which a seat that was forgotten
-- would count as given up.
local participant, epoch = unpack(ARGV, 5)
local mine = seat_of(participant)
if mine and mine.epoch == tonumber(epoch) then
  redis.call('HDEL', KEYS[1], participant)
  if #seats == 1 and not room.given_up then redis.call('DEL', KEYS[1]) end
end
return { 'undone', text(now) }
