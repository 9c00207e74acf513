#!lua flags=allow-oom
-- Gives a partition back. KEYS: members, state. ARGV: group, process, token, 1 if the process
-- leaves for good.
local group = ARGV[1]
local found = redis.call('HMGET', KEYS[2], 'holder:' .. group, 'token:' .. group)
if ARGV[4] == '1' then
  redis.call('ZREM', KEYS[1], ARGV[2])
end
if found[1] == ARGV[2] and found[2] == ARGV[3] then
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  redis.call('HDEL', KEYS[2], 'holder:' .. group, 'until:' .. group)
  redis.call('HSET', KEYS[2], 'freed:' .. group, string.format('%.0f', now))
end
return { 'ok' }
