-- Seats::claim. `unique` is '1' if nobody else may be called the same; `over` is an epoch, or empty.
local participant, node, lease, capacity, unique, over, protected, name = unpack(ARGV, 5)
local mine = seat_of(participant)
local live, ended = others_of(participant)

local lasts = mine and (mine.ends > now or now < settled)
if over ~= '' and not (lasts and mine.epoch == tonumber(over)) then return { 'not_held', text(now) } end
if not mine and now < settled then return { 'settling', text(now) } end
local namesake = unique == '1' and find_name(live, name)
if namesake then return { 'name_taken', text(now), lines({ namesake }) } end
if not mine and #live >= tonumber(capacity) then return { 'full', text(now), lines(live) } end

-- Larger than any before, even if this clock is behind that of a Redis that is no more.
local epoch = math.max(now, room.last + 1, tonumber(ARGV[3]) + 1)
local since = mine and mine.since or epoch
give_up(ended)
put({
  participant = participant, epoch = epoch, since = since, ends = now + tonumber(lease), node = node,
  connected = over == '' and '1' or '0', open = protected ~= '1' and (not mine or mine.open), name = name,
}, epoch)
return { 'claimed', text(now), text(epoch), text(since), lines({ mine }), lines(live), lines(ended) }
