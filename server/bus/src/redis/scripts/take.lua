-- Counts a request of a client, unless its bucket is empty.
-- KEYS: when the bucket is full again, in µs. ARGV: the share of a request, the room of the bucket, in µs.
-- Answers whether it was counted, and in how many µs the bucket is full again.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local share, room = tonumber(ARGV[1]), tonumber(ARGV[2])
local whole = math.max(tonumber(redis.call('GET', KEYS[1]) or '0') - now, 0)
if whole + share > room then
  return {0, whole}
end
whole = whole + share
redis.call('SET', KEYS[1], string.format('%.0f', now + whole), 'PX', math.ceil(whole / 1000))
return {1, whole}
