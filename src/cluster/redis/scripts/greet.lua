-- What a node and Redis tell each other when they meet, and every moment after.
--
-- KEYS[1]: a hash about this Redis and its nodes. `run`: which process it is, `since`: since when nodes reach it without a
-- break, `floor`: the largest epoch any node knows of, `secret`: the fingerprint of the nodes' secret and the format of what
-- they keep here and tell each other; and, under each node's id, when it greeted last.
-- ARGV: 1 what time it is, for tests; 2 the largest epoch this node knows of; 3 its secret's fingerprint; 4 for how many
-- milliseconds all this is good without a node; 5 this node; 6 for how many microseconds a greeting is a sign of life;
-- 7 the format this node speaks.

-- After so many microseconds without a greeting of any node, Redis was away: no lease ends before every node could renew its
-- own. Longer than newcomers wait after that, and well below the two thirds that are left of a lease when a renewal is due.
local AWAY = 4 * 1000 * 1000

local now = tonumber(ARGV[1])
if not now then
  local parts = redis.call('TIME')
  now = parts[1] * 1000000 + parts[2]
end
local function text(number) return string.format('%.0f', number) end

local met, greeted = {}, {}
local fields = redis.call('HGETALL', KEYS[1])
for index = 1, #fields, 2 do
  local field, value = fields[index], fields[index + 1]
  if #field == #ARGV[5] then greeted[field] = tonumber(value) else met[field] = value end
end
local run, since, floor = met.run, tonumber(met.since or '0'), tonumber(met.floor or '0')
-- Formats before the second were not written down; nodes of that time take the whole for another secret, and do not start.
local secret = ARGV[3] .. ' ' .. ARGV[7]
local its_secret, its_format = string.match(met.secret or secret, '^(%S+) ?(%S*)$')
if its_secret ~= ARGV[3] then return { 'stranger', text(now) } end

local others, stale, latest = {}, {}, nil
for node, at in pairs(greeted) do
  latest = math.max(latest or at, at)
  if node ~= ARGV[5] then
    -- One from the future was written by a clock that has been set back.
    table.insert(math.abs(now - at) < tonumber(ARGV[6]) and others or stale, node)
  end
end
if its_format ~= ARGV[7] and #others > 0 then return { 'other_release', text(now) } end

local this_run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
if run ~= this_run or (latest and now - latest > AWAY) then since = now end
floor = math.max(floor, tonumber(ARGV[2]))
redis.call(
  'HSET', KEYS[1], 'run', this_run, 'since', text(since), 'floor', text(floor), 'secret', secret, ARGV[5], text(now)
)
for _, node in ipairs(stale) do redis.call('HDEL', KEYS[1], node) end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return { 'met', text(now), text(since), text(floor), others }
