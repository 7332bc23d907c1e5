-- What a node and Redis tell each other when they meet, and every moment after.
--
-- KEYS[1]: a hash about this Redis and its nodes. `run`: which process it is, `since`: since when it is, `floor`: the
-- largest epoch any node knows of, `secret`: the fingerprint of the nodes' secret; and, under each node's id, when it
-- greeted last.
-- ARGV: 1 what time it is, for tests; 2 the largest epoch this node knows of; 3 its secret's fingerprint; 4 for how many
-- milliseconds all this is good without a node; 5 this node; 6 for how many microseconds a greeting is a sign of life.
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
local run, since, floor, secret = met.run, tonumber(met.since or '0'), tonumber(met.floor or '0'), met.secret or ARGV[3]
if secret ~= ARGV[3] then return { 'stranger', text(now) } end

local this_run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
if run ~= this_run then since = now end
floor = math.max(floor, tonumber(ARGV[2]))
greeted[ARGV[5]] = nil
local others = {}
for node, at in pairs(greeted) do
  -- One from the future was written by a clock that has been set back.
  if math.abs(now - at) < tonumber(ARGV[6]) then others[#others + 1] = node else redis.call('HDEL', KEYS[1], node) end
end
redis.call(
  'HSET', KEYS[1], 'run', this_run, 'since', text(since), 'floor', text(floor), 'secret', secret, ARGV[5], text(now)
)
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return { 'met', text(now), text(since), text(floor), others }
