-- What every script about a room begins with: its hash as tables, and the few ways in which it changes.
--
-- KEYS[1]: the hash. For each seat a field named by its participant, `epoch since ends node state name`; and the fields `from`,
-- `last` and `given_up`, by which a seat that was forgotten is told from one that was given up. The state is '1' if the holder is
-- connected, else '0', followed by 'u' if the seat is unprotected: one of which that is not said is protected.
-- ARGV: 1 what time it is, for tests; else empty, and Redis says. 2 when it is too late to run this. 3 the largest epoch
-- the node knows of. 4 from when on newcomers may sit down and leases end. The script's own from 5 on.
-- Times are in microseconds since 1970, which a double holds exactly until the year 2255.
--
-- The specification is core/seat.rs. Every answer is an array: what happened, what time it is, and what there is to say.

-- How long the room is remembered after its last seat has ended: longer than any node takes to hear of that.
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
-- A Redis that hung finds questions whose askers were told long ago that there is no answer.
if now > tonumber(ARGV[2]) then return { 'late', text(now) } end
-- Until then nodes may not have renewed what they could not renew while Redis was away.
local settled = tonumber(ARGV[4])

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

-- Everybody else: those whose lease goes on, and those whose lease has ended.
local function others_of(participant)
  local live, ended = {}, {}
  for _, seat in ipairs(seats) do
    if seat.participant ~= participant then
      table.insert((seat.ends > now or now < settled) and live or ended, seat)
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

-- Nothing outlives its use.
local function keep(latest_end)
  for _, seat in ipairs(seats) do latest_end = math.max(latest_end, seat.ends) end
  redis.call('PEXPIRE', KEYS[1], text(math.ceil((latest_end - now + REMEMBERED) / 1000)))
end

-- Writes a seat; `from` is where memory begins if it begins with this.
local function put(seat, from)
  room.last = math.max(room.last, seat.epoch)
  redis.call('HSET', KEYS[1], seat.participant, line(seat), 'from', text(room.from or from), 'last', text(room.last))
  keep(seat.ends)
end

local function give_up(some)
  if #some == 0 then return end
  -- In this order: a Redis that is full takes no more fields, and nothing is to be deleted then.
  redis.call('HSET', KEYS[1], 'given_up', '1')
  for _, seat in ipairs(some) do redis.call('HDEL', KEYS[1], seat.participant) end
  keep(now)
end
