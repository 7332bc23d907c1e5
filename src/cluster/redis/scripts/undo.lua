-- Undoes a claim as if it had never been made. Unlike a release, it does not set `given_up`, which would keep
-- other nodes from restoring the seats that Redis lost.
local participant, epoch = unpack(ARGV, 5)
local own = seat_of(participant)
if own and own.epoch == tonumber(epoch) then
  redis.call('HDEL', KEYS[1], participant)
  if #seats == 1 and not room.given_up then redis.call('DEL', KEYS[1]) end
end
return { 'undone', text(now) }
