-- Lets go of what every group of the stream is done with, and what nobody holds for a backup.
-- `least` is how far this goes at most.
local function trim(bus, groups, events, sizes, state, least)
  for _, group in ipairs(redis.call('SMEMBERS', groups)) do
    least = math.min(least, tonumber(redis.call('HGET', state, 'acked:' .. group) or 0))
  end
  local found = redis.call('HMGET', state, 'trimmed', 'held', 'held_until')
  if found[2] then
    local time = redis.call('TIME')
    if tonumber(found[3]) > time[1] * 1000 + math.floor(time[2] / 1000) then
      least = math.min(least, tonumber(found[2]))
    end
  end
  if least <= tonumber(found[1] or 0) then
    return
  end
  local gone = redis.call('XTRIM', events, 'MINID', string.format('%.0f-0', least + 1))
  local bytes = 0
  if gone > 0 then
    for _, size in ipairs(redis.call('LPOP', sizes, gone) or {}) do
      bytes = bytes + tonumber(size)
    end
  end
  redis.call('HINCRBY', bus, 'events', -gone)
  redis.call('HINCRBY', bus, 'bytes', -bytes)
  redis.call('HINCRBY', bus, 'changes', 1)
  redis.call('HSET', state, 'trimmed', string.format('%.0f', least))
end
