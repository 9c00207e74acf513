#!lua flags=allow-oom
-- Says what all watchers look for, and forgets those that ran out. KEYS: filters, watching.
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
for _, process in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now)) do
  redis.call('HDEL', KEYS[1], process)
  redis.call('ZREM', KEYS[2], process)
end
return redis.call('HGETALL', KEYS[1])
