-- Begins every script about a room: reads the room's hash, and defines how it changes.
--
-- KEYS[1]: the hash. Each seat is a field named by its participant, with the value `epoch since ends node
-- state name`. The state is '1' if the holder is connected, else '0'; a 'u' after it marks an unprotected
-- seat. The fields `from`, `last` and `given_up` tell a seat that Redis lost from one that was released: see
-- SeenEpochs in core/model/seat_table.rs.
--
-- ARGV: 1 the time of a test's clock, or empty for the clock of Redis; 2 the time after which the script does
-- nothing; 3 the largest epoch that the node knows; 4 the time from which new participants are admitted and
-- leases end; from 5 on, the arguments of the script. Times are in microseconds since 1970: a double
-- represents them exactly until the year 2255.
--
-- The reply is an array: the outcome, the time, and the data of the outcome. The specification is `Seats` in
-- core/model/seat_table.rs.

-- How long the hash outlives its last seat, in microseconds: longer than any node takes to learn that the
-- seat ended.
local REMEMBERED = 60 * 1000 * 1000

local function text(number)
  return string.format('%.0f', number)
end

local function time()
  if ARGV[1] ~= '' then return tonumber(ARGV[1]) end
  local parts = redis.call('TIME')
  return parts[1] * 1000000 + parts[2]
end

local now = time()
-- After a hang, Redis runs calls whose callers have already reported a failure.
if now > tonumber(ARGV[2]) then return { 'late', text(now) } end
-- Before this time, nodes may not have renewed the leases that they could not renew while Redis was away.
local restored = tonumber(ARGV[4])

local room = { from = nil, last = 0, given_up = false }
local seats = {}
local fields = redis.call('HGETALL', KEYS[1])
for index = 1, #fields, 2 do
  local field, value = fields[index], fields[index + 1]
  if field == 'from' or field == 'last' then
    room[field] = tonumber(value)
  elseif field == 'given_up' then
    room.given_up = true
  else
    local epoch, since, ends, node, connected, open, name =
      string.match(value, '^(%d+) (%d+) (%d+) (%S+) ([01])(u?) (.*)$')
    seats[#seats + 1] = {
      participant = field, epoch = tonumber(epoch), since = tonumber(since), ends = tonumber(ends),
      node = node, connected = connected, open = open == 'u', name = name,
    }
  end
end
table.sort(seats, function(one, other) return one.since < other.since end)

local function seat_of(participant)
  for _, seat in ipairs(seats) do
    if seat.participant == participant then return seat end
  end
end

-- The seats of all other participants: those with a lease, and those whose lease has ended.
local function others_of(participant)
  local live, ended = {}, {}
  for _, seat in ipairs(seats) do
    if seat.participant ~= participant then
      table.insert((seat.ends > now or now < restored) and live or ended, seat)
    end
  end
  return live, ended
end

local function find_name(among, name)
  for _, seat in ipairs(among) do
    if seat.name == name then return seat end
  end
end

local function line(seat)
  return table.concat({
    text(seat.epoch), text(seat.since), text(seat.ends), seat.node, seat.connected .. (seat.open and 'u' or ''), seat.name,
  }, ' ')
end

local function lines(some)
  local shown = {}
  for index, seat in ipairs(some) do shown[index] = seat.participant .. ' ' .. line(seat) end
  return shown
end

-- Sets when the hash expires.
local function keep(latest_end)
  for _, seat in ipairs(seats) do latest_end = math.max(latest_end, seat.ends) end
  redis.call('PEXPIRE', KEYS[1], text(math.ceil((latest_end - now + REMEMBERED) / 1000)))
end

-- Writes a seat. `from` is the first epoch that the hash has seen, if this seat is its first.
local function put(seat, from)
  room.last = math.max(room.last, seat.epoch)
  redis.call('HSET', KEYS[1], seat.participant, line(seat), 'from', text(room.from or from), 'last', text(room.last))
  keep(seat.ends)
end

local function release(some)
  if #some == 0 then return end
  -- HSET first: it fails if the memory of Redis is full, and then no seat may be deleted.
  redis.call('HSET', KEYS[1], 'given_up', '1')
  for _, seat in ipairs(some) do redis.call('HDEL', KEYS[1], seat.participant) end
  keep(now)
end
