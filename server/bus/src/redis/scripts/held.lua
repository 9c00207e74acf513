#!lua flags=allow-oom
-- Reads some of what is held, and holds it for longer. KEYS: events, state.
-- ARGV: after, through, how many, for how long in ms.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local found = redis.call('HMGET', KEYS[2], 'held', 'held_until')
if not found[1] or tonumber(found[2]) <= now or tonumber(found[1]) > tonumber(ARGV[1]) then
  return { 'over' }
end
redis.call('HSET', KEYS[2], 'held_until', string.format('%.0f', now + tonumber(ARGV[4])))
local out = { 'ok' }
local entries = redis.call('XRANGE', KEYS[1], '(' .. ARGV[1] .. '-0', ARGV[2] .. '-0',
  'COUNT', ARGV[3])
for _, entry in ipairs(entries) do
  out[#out + 1] = string.match(entry[1], '^%d+')
  out[#out + 1] = entry[2][2]
end
return out
