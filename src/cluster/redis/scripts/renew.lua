-- Seats::restore; or Seats::renew, where the node does not know the seat any more and `since` and the rest are missing.
local participant, epoch, lease, connected, protected, since, node, capacity, unique, name = unpack(ARGV, 5)
epoch = tonumber(epoch)
local ends = now + tonumber(lease)
local mine = seat_of(participant)

if mine and mine.epoch == epoch then
  mine.ends = ends
  mine.connected = connected
  mine.open = mine.open and protected ~= '1'
  put(mine)
else
  local forgotten
  if mine then
    forgotten = mine.epoch < epoch
  else
    forgotten = not room.from or epoch > room.last or (epoch < room.from and not room.given_up)
  end
  if not since or not forgotten then return { 'lost', text(now), lines({ mine }) } end
  local live, ended = others_of(participant)
  if #live >= tonumber(capacity) or (unique == '1' and find_name(live, name)) then
    -- A claim from before Redis was known to have forgotten the room is about to be undone.
    return { now < settled and 'settling' or 'lost', text(now), {} }
  end
  give_up(ended)
  put({
    participant = participant, epoch = epoch, since = tonumber(since), ends = ends, node = node,
    connected = connected, open = protected ~= '1', name = name,
  }, epoch + 1)
end

-- When the next lease in this room ends.
local next_end = ends
for _, seat in ipairs((others_of(participant))) do next_end = math.min(next_end, seat.ends) end
return { 'renewed', text(now), text(next_end) }
