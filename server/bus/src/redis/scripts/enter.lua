#!lua flags=allow-oom
-- Comes in: the group is known, and how many partitions there are is settled.
-- KEYS: bus, groups, members. ARGV: group, partitions wanted.
-- Sources keep their partition, so a new number waits until nothing is left and nobody works.
redis.call('SADD', KEYS[2], ARGV[1])
local found = redis.call('HMGET', KEYS[1], 'partitions', 'events')
if found[1] and found[1] ~= ARGV[2] then
  local time = redis.call('TIME')
  local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
  local at_work = redis.call('ZCOUNT', KEYS[3], now, '+inf')
  if tonumber(found[2] or 0) > 0 or at_work > 0 then
    return found[1]
  end
end
redis.call('HSET', KEYS[1], 'partitions', ARGV[2])
return ARGV[2]
