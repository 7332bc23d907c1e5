-- Records that a node is alive, and checks that it may share this Redis. Each node calls it when it connects
-- and at every heartbeat.
--
-- KEYS[1]: a hash about Redis and its nodes. `run`: the run id of the Redis process. `since`: when the memory
-- of this Redis begins. `floor`: the largest epoch that any node knows. `secret`: fingerprint of the nodes'
-- secret, and the format of keys and messages. Under each node's id: the time of its last greeting.
--
-- ARGV: 1 the time of a test's clock, or empty; 2 the largest epoch that this node knows; 3 the fingerprint
-- of its secret; 4 lifetime of the hash without a greeting, in milliseconds; 5 this node's id; 6 how long a
-- greeting counts as a sign of life, in microseconds; 7 the format of this node.

-- After this time without a greeting of any node, in microseconds, no lease ends before every node could
-- renew its own. Longer than RESTORE_WINDOW, and well below the two thirds of a lease that are left when a
-- renewal is due.
local AWAY = 4 * 1000 * 1000

local now = tonumber(ARGV[1])
if not now then
  local parts = redis.call('TIME')
  now = parts[1] * 1000000 + parts[2]
end
local function text(number) return string.format('%.0f', number) end

local about, greeted = {}, {}
local fields = redis.call('HGETALL', KEYS[1])
for index = 1, #fields, 2 do
  local field, value = fields[index], fields[index + 1]
  if #field == #ARGV[5] then greeted[field] = tonumber(value) else about[field] = value end
end
local run, since, floor = about.run, tonumber(about.since or '0'), tonumber(about.floor or '0')
-- Format 1 was not stored. Its nodes read the whole field as another secret and refuse to start.
local secret = ARGV[3] .. ' ' .. ARGV[7]
local its_secret, its_format = string.match(about.secret or secret, '^(%S+) ?(%S*)$')
if its_secret ~= ARGV[3] then return { 'other_secret', text(now) } end

local others, stale, latest = {}, {}, nil
for node, at in pairs(greeted) do
  latest = math.max(latest or at, at)
  if node ~= ARGV[5] then
    -- A greeting from the future was written before a clock was set back.
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
