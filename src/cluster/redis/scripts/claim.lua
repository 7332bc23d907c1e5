-- Seats::claim. `unique` is '1' if no other participant may have this name. `over` is the epoch to take over,
-- or empty.
local participant, node, lease, capacity, unique, over, protected, name = unpack(ARGV, 5)
local own = seat_of(participant)
local live, ended = others_of(participant)

local lasts = own and (own.ends > now or now < restored)
if over ~= '' and not (lasts and own.epoch == tonumber(over)) then return { 'not_held', text(now) } end
if not own and now < restored then return { 'restoring', text(now) } end
local namesake = unique == '1' and find_name(live, name)
if namesake then return { 'name_taken', text(now), lines({ namesake }) } end
if not own and #live >= tonumber(capacity) then return { 'full', text(now), lines(live) } end

-- Larger than any epoch before, even if the clock of this Redis is behind that of its predecessor.
local epoch = math.max(now, room.last + 1, tonumber(ARGV[3]) + 1)
local since = own and own.since or epoch
release(ended)
put({
  participant = participant, epoch = epoch, since = since, ends = now + tonumber(lease), node = node,
  connected = over == '' and '1' or '0', open = protected ~= '1' and (not own or own.open), name = name,
}, epoch)
return { 'claimed', text(now), text(epoch), text(since), lines({ own }), lines(live), lines(ended) }
