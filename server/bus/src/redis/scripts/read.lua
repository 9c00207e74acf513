#!lua flags=allow-oom
-- Reads what comes after an offset: what the group was given before by its place, what is new
-- through the group.
-- KEYS: events, state. ARGV: group, process, token, after, bytes at most.
local group, me = ARGV[1], ARGV[2]
local after, bytes_max = tonumber(ARGV[4]), tonumber(ARGV[5])
local found = redis.call('HMGET', KEYS[2],
  'holder:' .. group, 'token:' .. group, 'delivered:' .. group, 'last', 'acked:' .. group)
if found[1] ~= me or found[2] ~= ARGV[3] then
  return { 'fenced' }
end
local delivered, last = tonumber(found[3] or 0), tonumber(found[4] or 0)
local function id(offset)
  return string.format('%.0f-0', offset)
end

-- The reader has seen more than the group was ever given: the stores were filled from another bus,
-- or Redis has lost what it held. What waits was counted too low and would be passed over, so it
-- is counted anew.
local moved = 0
if after > delivered then
  local top = math.max(after, last)
  local entries
  repeat
    entries = redis.call('XRANGE', KEYS[1], '(' .. id(delivered), id(last), 'COUNT', 64)
    for _, entry in ipairs(entries) do
      top = top + 1
      moved = moved + 1
      redis.call('XADD', KEYS[1], id(top), 'd', entry[2][2])
      redis.call('XDEL', KEYS[1], entry[1])
    end
  until #entries == 0
  local acked = math.max(after, tonumber(found[5] or 0))
  redis.call('XGROUP', 'SETID', KEYS[1], group, id(after))
  delivered = after
  last = top
  local text = string.format('%.0f', after)
  redis.call('HSET', KEYS[2], 'last', string.format('%.0f', top),
    'delivered:' .. group, text, 'acked:' .. group, string.format('%.0f', acked))
end

local out, place, bytes, taken = { 'ok', last, moved }, after, 0, 0
while bytes < bytes_max do
  local count = 1
  if taken > 0 then
    -- As many as fit if they are like those before.
    count = math.min(128, math.floor((bytes_max - bytes) * taken / bytes))
    if count < 1 then
      break
    end
  end
  local entries
  if place < delivered then
    entries = redis.call('XRANGE', KEYS[1], '(' .. id(place), id(delivered), 'COUNT', count)
    if #entries == 0 then
      place = delivered
    end
  else
    local reply = redis.call('XREADGROUP', 'GROUP', group, me, 'COUNT', count,
      'STREAMS', KEYS[1], '>')
    if not reply then
      break
    end
    entries = reply[1][2]
  end
  for _, entry in ipairs(entries) do
    local offset = string.match(entry[1], '^%d+')
    place = tonumber(offset)
    if place > after then
      out[#out + 1] = offset
      out[#out + 1] = entry[2][2]
      bytes = bytes + #entry[2][2]
      taken = taken + 1
    end
  end
end
if place > delivered then
  redis.call('HSET', KEYS[2], 'delivered:' .. group, string.format('%.0f', place))
end
return out
