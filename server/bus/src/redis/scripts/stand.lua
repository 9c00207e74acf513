#!lua flags=allow-oom
-- Says where a bus stands that was put back: how many partitions it has, and how far each was
-- acknowledged. KEYS: bus, groups, then the state of each partition.
-- ARGV: group, then the offset of each partition.
local group = ARGV[1]
redis.call('SADD', KEYS[2], group)
redis.call('HSET', KEYS[1], 'partitions', #KEYS - 2)
for at = 3, #KEYS do
  local acked = ARGV[at - 1]
  local last = redis.call('HGET', KEYS[at], 'last') or '0'
  if tonumber(last) < tonumber(acked) then
    last = acked
  end
  -- Stores may have seen any of it, so all of it was given out before.
  redis.call('HSET', KEYS[at], 'acked:' .. group, acked, 'trimmed', acked,
    'delivered:' .. group, last, 'last', last)
end
return { 'ok' }
