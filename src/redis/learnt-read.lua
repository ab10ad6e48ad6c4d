-- All notes about a supplier, and the time they are read at.
-- KEYS  1 the supplier's notes, a hash
-- RESULT {now in epoch ms of Redis's clock, field, text, field, text, ...}

local time = redis.call('TIME')
local result = redis.call('HGETALL', KEYS[1])
table.insert(result, 1, time[1] * 1000 + math.floor(time[2] / 1000))
return result
