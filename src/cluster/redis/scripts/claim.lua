-- Seats::claim. `unique` is '1' if nobody else may be called the same.
local participant, node, lease, capacity, unique, name = unpack(ARGV, 5)
local mine = seat_of(participant)
local live, ended = others_of(participant)

if not mine and now < tonumber(ARGV[4]) then return { 'settling', text(now) } end
local namesake = unique == '1' and find_name(live, name)
if namesake then return { 'name_taken', text(now), lines({ namesake }) } end
if not mine and #live >= tonumber(capacity) then return { 'full', text(now), lines(live) } end

-- Larger than any before, even if this clock is behind that of a Redis that is no more.
local epoch = math.max(now, room.last + 1, tonumber(ARGV[3]) + 1)
local since = mine and mine.since or epoch
give_up(ended)
put({
  participant = participant, epoch = epoch, since = since, ends = now + tonumber(lease), node = node, name = name,
}, epoch)
return { 'claimed', text(now), text(epoch), text(since), mine and '1' or '0', lines(live), lines(ended) }
