#!lua flags=allow-oom
-- Keeps what is there for a backup, for a while; says from where and to where. An earlier backup
-- that is still reading keeps its place: what it holds stays, too.
-- KEYS: the state of each partition. ARGV: for how long in ms, 1 if it begins.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ends = string.format('%.0f', now + tonumber(ARGV[1]))
local out = { 'ok' }
for at = 1, #KEYS do
  local found = redis.call('HMGET', KEYS[at], 'trimmed', 'held', 'held_until', 'last')
  local is_held = found[2] and tonumber(found[3]) > now
  if not is_held and ARGV[2] ~= '1' then
    return { 'over' }
  end
  local held = is_held and found[2] or found[1] or '0'
  redis.call('HSET', KEYS[at], 'held', held, 'held_until', ends)
  out[#out + 1] = held
  out[#out + 1] = found[4] or '0'
end
return out
