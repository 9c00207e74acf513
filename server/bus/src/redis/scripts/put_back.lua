#!lua
-- Puts events of a backup back at their offsets. KEYS: bus, events, sizes, state.
-- ARGV: for each event its offset and its bytes.
local bytes = 0
for at = 1, #ARGV, 2 do
  redis.call('XADD', KEYS[2], ARGV[at] .. '-0', 'd', ARGV[at + 1])
  redis.call('RPUSH', KEYS[3], #ARGV[at + 1])
  redis.call('HSET', KEYS[4], 'last', ARGV[at])
  bytes = bytes + #ARGV[at + 1]
end
redis.call('HINCRBY', KEYS[1], 'events', #ARGV / 2)
redis.call('HINCRBY', KEYS[1], 'bytes', bytes)
redis.call('HINCRBY', KEYS[1], 'changes', 1)
return { 'ok' }
