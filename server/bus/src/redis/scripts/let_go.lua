-- Ends the hold of a backup. KEYS: bus, groups, then events, sizes and state of each partition.
for at = 3, #KEYS, 3 do
  redis.call('HDEL', KEYS[at + 2], 'held', 'held_until')
  local last = tonumber(redis.call('HGET', KEYS[at + 2], 'last') or 0)
  trim(KEYS[1], KEYS[2], KEYS[at], KEYS[at + 1], KEYS[at + 2], last)
end
return { 'ok' }
