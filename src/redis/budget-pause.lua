-- Pauses a scope: no grant for its calls until now + the given time. Only ever lengthens.
-- KEYS  1 pause
-- ARGV  1 ms
-- RESULT until when, epoch ms of Redis's clock

local KEEP_MS = 3600000
local time = redis.call('TIME')
local now = time[1] * 1000 + math.ceil(time[2] / 1000)
local untilMs = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now + tonumber(ARGV[1]))
-- The value says until when; the key only has to outlive it.
redis.call('SET', KEYS[1], string.format('%.0f', untilMs), 'PX', string.format('%.0f', untilMs - now + KEEP_MS))
return untilMs
