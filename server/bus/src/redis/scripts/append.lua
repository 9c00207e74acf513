#!lua
-- Appends the events of one call, all or none, and rings the bell of their partitions.
-- KEYS: bus, calls of this process, then events, sizes and state of each partition written to.
-- ARGV: call, partitions, limit in bytes, bell, number of places, the partition of each place,
--   number of settled calls, those, then for each event its place (from 1) and its bytes.
local found = redis.call('HMGET', KEYS[1], 'partitions', 'events', 'bytes', 'changes')
local function answer(word)
  return { word, found[2] or '0', found[3] or '0', found[4] or '0' }
end
local places = tonumber(ARGV[5])
local settled = tonumber(ARGV[6 + places])
local first = 7 + places + settled
for at = 7 + places, first - 1 do
  redis.call('HDEL', KEYS[2], ARGV[at])
end
-- The answer to this call was lost on the way, and it is asked again.
if redis.call('HEXISTS', KEYS[2], ARGV[1]) == 1 then
  return answer('accepted')
end
if found[1] ~= ARGV[2] then
  return { 'partitions', found[1] or '0' }
end
local bytes, count = 0, 0
for at = first + 1, #ARGV, 2 do
  bytes = bytes + #ARGV[at]
  count = count + 1
end
if tonumber(found[3] or 0) + bytes > tonumber(ARGV[3]) then
  return answer('full')
end
for at = first, #ARGV, 2 do
  local key = 3 * tonumber(ARGV[at])
  local offset = redis.call('HINCRBY', KEYS[key + 2], 'last', 1)
  redis.call('XADD', KEYS[key], string.format('%.0f-0', offset), 'd', ARGV[at + 1])
  redis.call('RPUSH', KEYS[key + 1], #ARGV[at + 1])
end
found[2] = redis.call('HINCRBY', KEYS[1], 'events', count)
found[3] = redis.call('HINCRBY', KEYS[1], 'bytes', bytes)
found[4] = redis.call('HINCRBY', KEYS[1], 'changes', 1)
redis.call('HSET', KEYS[2], ARGV[1], 1)
-- A process that has been gone for a day asks for no call again.
redis.call('EXPIRE', KEYS[2], 86400)
for place = 1, places do
  redis.call('PUBLISH', ARGV[4], ARGV[5 + place])
end
return answer('accepted')
