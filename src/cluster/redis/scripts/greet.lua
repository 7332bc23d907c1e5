-- What a node and Redis tell each other when they meet, and every moment after.
--
-- KEYS[1]: a hash about this Redis and its nodes. `run`: which process it is, `since`: since when it is, `floor`: the
-- largest epoch any node knows of, `secret`: the fingerprint of the nodes' secret.
-- ARGV: 1 what time it is, for tests; 2 the largest epoch this node knows of; 3 its secret's fingerprint; 4 for how many
-- milliseconds all this is good without a node.
local now = tonumber(ARGV[1])
if not now then
  local parts = redis.call('TIME')
  now = parts[1] * 1000000 + parts[2]
end
local function text(number) return string.format('%.0f', number) end

local met = redis.call('HMGET', KEYS[1], 'run', 'since', 'floor', 'secret')
local run, since, floor, secret = met[1], tonumber(met[2] or '0'), tonumber(met[3] or '0'), met[4] or ARGV[3]
if secret ~= ARGV[3] then return { 'stranger', text(now) } end

local this_run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
if run ~= this_run then since = now end
floor = math.max(floor, tonumber(ARGV[2]))
redis.call('HSET', KEYS[1], 'run', this_run, 'since', text(since), 'floor', text(floor), 'secret', secret)
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return { 'met', text(now), text(since), text(floor) }
