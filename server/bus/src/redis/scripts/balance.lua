#!lua flags=allow-oom
-- Says that a process works, renews its leases, takes what is free up to its fair share, and says
-- what another lacks. All by the clock of Redis.
-- KEYS: bus, members, then events and state of each partition.
-- ARGV: group, process, lease in ms, 1 if the process takes nothing more.
local group, me, lease, leaving = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4] == '1'
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function text(number)
  return string.format('%.0f', number)
end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', text(now))
if leaving then
  redis.call('ZREM', KEYS[2], me)
else
  redis.call('ZADD', KEYS[2], text(now + lease), me)
end
local held, alive = {}, 0
for _, name in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
  held[name] = 0
  alive = alive + 1
end
local partitions = (#KEYS - 2) / 2
local mine, free, own = {}, {}, 0
for at = 1, partitions do
  local state = KEYS[2 + 2 * at]
  local found = redis.call('HMGET', state,
    'holder:' .. group, 'until:' .. group, 'freed:' .. group, 'token:' .. group)
  local ends = tonumber(found[2] or 0)
  if found[1] == me then
    redis.call('HSET', state, 'until:' .. group, text(now + lease))
    mine[at] = found[4]
    own = own + 1
  elseif found[1] and ends > now then
    if held[found[1]] then
      held[found[1]] = held[found[1]] + 1
    end
  else
    -- Those with less come first, for a while: not for ever, they may be about to die.
    local due = 0
    if found[1] then
      due = ends + lease / 4
    elseif found[3] then
      due = tonumber(found[3]) + lease
    end
    free[#free + 1] = { at, due }
  end
end
held[me] = nil
local function least()
  local who, number
  for name, count in pairs(held) do
    if not number or count < number then
      who, number = name, count
    end
  end
  return who, number
end
local left = 0
for _, candidate in ipairs(free) do
  local at, due = candidate[1], candidate[2]
  local _, number = least()
  if not leaving and own < math.ceil(partitions / alive)
    and (not number or own <= number or now >= due) then
    local state = KEYS[2 + 2 * at]
    mine[at] = text(redis.call('HINCRBY', state, 'token:' .. group, 1))
    redis.call('HSET', state, 'holder:' .. group, me, 'until:' .. group, text(now + lease))
    local delivered = redis.call('HGET', state, 'delivered:' .. group) or '0'
    redis.pcall('XGROUP', 'CREATE', KEYS[1 + 2 * at], group, delivered .. '-0', 'MKSTREAM')
    own = own + 1
  else
    left = left + 1
  end
end
-- What is free goes to those who lack it before anybody gives anything back.
local surplus, keeps = 0, own
while true do
  local who, number = least()
  if not who then
    break
  elseif left > 0 then
    left = left - 1
  elseif keeps - number >= 2 then
    keeps = keeps - 1
    surplus = surplus + 1
  else
    break
  end
  held[who] = number + 1
end
local shares, acked = {}, {}
for at = 1, partitions do
  if mine[at] then
    shares[#shares + 1] = at - 1
    shares[#shares + 1] = mine[at]
  end
  acked[at] = redis.call('HGET', KEYS[2 + 2 * at], 'acked:' .. group) or '0'
end
local totals = redis.call('HMGET', KEYS[1], 'events', 'bytes', 'changes')
return { shares, surplus, acked, totals[1] or '0', totals[2] or '0', totals[3] or '0' }
