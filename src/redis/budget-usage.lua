-- What is occupied now. Reads only.
-- KEYS  1 epoch, then n occupied sets, and the pauses
-- ARGV  1 n, then windowMs of each window
-- RESULT {now, 1 where the past is known, paused until or -1, then of each window: occupied, when the next is free or -1,
--        and of its calls those not answered yet}

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local runId = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
local n = tonumber(ARGV[1])
local result = { now, redis.call('GET', KEYS[1]) == runId and 1 or 0, -1 }
for i = 2 + n, #KEYS do
  local untilMs = tonumber(redis.call('GET', KEYS[i]) or 0)
  if untilMs > now then result[3] = math.max(result[3], untilMs) end
end
for i = 1, n do
  local after = '(' .. string.format('%.0f', now)
  local first = redis.call('ZRANGEBYSCORE', KEYS[1 + i], after, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  table.insert(result, redis.call('ZCOUNT', KEYS[1 + i], after, '+inf'))
  table.insert(result, tonumber(first[2] or -1))
  -- An answer stamps windowMs after its moment, which is rounded up.
  local answered = string.format('%.0f', now + 1 + tonumber(ARGV[1 + i]))
  table.insert(result, redis.call('ZCOUNT', KEYS[1 + i], '(' .. answered, '+inf'))
end
return result
