#!lua flags=allow-oom
-- Takes over what the one before was given and did not acknowledge, a piece a call, and forgets
-- it at the end. KEYS: events, state. ARGV: group, process, token, where to go on.
local group, me = ARGV[1], ARGV[2]
local found = redis.call('HMGET', KEYS[2], 'holder:' .. group, 'token:' .. group)
if found[1] ~= me or found[2] ~= ARGV[3] then
  return { 'fenced' }
end
local reply = redis.call('XAUTOCLAIM', KEYS[1], group, me, 0, ARGV[4], 'COUNT', 1000, 'JUSTID')
if reply[1] == '0-0' then
  for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], group)) do
    -- name, <name>, pending, <number>, …
    if consumer[2] ~= me and consumer[4] == 0 then
      redis.call('XGROUP', 'DELCONSUMER', KEYS[1], group, consumer[2])
    end
  end
end
return { 'ok', reply[1], #reply[2] }
