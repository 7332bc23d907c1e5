-- Seats::restore. Without `since` and the arguments after it, Seats::renew: the node does not know the seat
-- any more.
local participant, epoch, lease, connected, protected, since, node, capacity, unique, name = unpack(ARGV, 5)
epoch = tonumber(epoch)
local ends = now + tonumber(lease)
local own = seat_of(participant)

if own and own.epoch == epoch then
  own.ends = ends
  own.connected = connected
  own.open = own.open and protected ~= '1'
  put(own)
else
  local was_lost
  if own then
    was_lost = own.epoch < epoch
  else
    was_lost = not room.from or epoch > room.last or (epoch < room.from and not room.given_up)
  end
  if not since or not was_lost then return { 'lost', text(now), lines({ own }) } end
  local live, ended = others_of(participant)
  if #live >= tonumber(capacity) or (unique == '1' and find_name(live, name)) then
    -- The seat in the way may be a claim that was granted before the loss was noticed, and is about to be
    -- undone.
    return { now < restored and 'restoring' or 'lost', text(now), {} }
  end
  release(ended)
  put({
    participant = participant, epoch = epoch, since = tonumber(since), ends = ends, node = node,
    connected = connected, open = protected ~= '1', name = name,
  }, epoch + 1)
end
return { 'renewed', text(now) }
