-- Moves the group's position, and lets go of what every group of the stream is done with.
-- KEYS: bus, groups, events, sizes, state. ARGV: group, process, token, through.
local group = ARGV[1]
local found = redis.call('HMGET', KEYS[5],
  'holder:' .. group, 'token:' .. group, 'acked:' .. group, 'last')
if found[1] ~= ARGV[2] or found[2] ~= ARGV[3] then
  return { 'fenced' }
end
local acked = tonumber(found[3] or 0)
local through = math.min(tonumber(ARGV[4]), tonumber(found[4] or 0))
if through > acked then
  local id = string.format('%.0f-0', through)
  repeat
    local pending = redis.call('XPENDING', KEYS[3], group, '-', id, 1000)
    local ids = {}
    for at, entry in ipairs(pending) do
      ids[at] = entry[1]
    end
    if #ids > 0 then
      redis.call('XACK', KEYS[3], group, unpack(ids))
    end
  until #ids < 1000
  acked = through
  redis.call('HSET', KEYS[5], 'acked:' .. group, string.format('%.0f', acked))
  trim(KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], acked)
end
local totals = redis.call('HMGET', KEYS[1], 'events', 'bytes', 'changes')
return { 'ok', string.format('%.0f', acked), totals[1] or '0', totals[2] or '0', totals[3] or '0' }
