#!lua flags=allow-oom
-- Says how much waits, and how far each partition is acknowledged.
-- KEYS: bus, then the state of each partition. ARGV: group.
local totals = redis.call('HMGET', KEYS[1], 'events', 'bytes', 'changes')
local out = { totals[1] or '0', totals[2] or '0', totals[3] or '0' }
for at = 2, #KEYS do
  out[#out + 1] = redis.call('HGET', KEYS[at], 'acked:' .. ARGV[1]) or '0'
end
return out
