-- What is occupied now. Reads only.
-- KEYS  n occupied sets, and the pauses
-- ARGV  1 n, then of each window: windowMs, 1 where it begins empty and needs no past
-- RESULT {now, 1 where the past of all windows is known, paused until or -1, then of each window: occupied, when the next is free or -1,
--        and of its calls those not answered yet}

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local runId = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
local history = string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)') or ''
local mark, MARKS_FROM = 'past of ' .. runId .. ':' .. history, '(9000000000000000'
local n = tonumber(ARGV[1])
local result = { now, 1, -1 }
for i = 1 + n, #KEYS do
  local untilMs = tonumber(redis.call('GET', KEYS[i]) or 0)
  if untilMs > now then result[3] = math.max(result[3], untilMs) end
end
for i = 1, n do
  local after = '(' .. string.format('%.0f', now)
  if ARGV[2 * i + 1] ~= '1' and not redis.call('ZSCORE', KEYS[i], mark) then result[2] = 0 end
  local first = redis.call('ZRANGEBYSCORE', KEYS[i], after, MARKS_FROM, 'WITHSCORES', 'LIMIT', 0, 1)
  table.insert(result, redis.call('ZCOUNT', KEYS[i], after, MARKS_FROM))
  table.insert(result, tonumber(first[2] or -1))
  -- An answer stamps windowMs after its moment, which is rounded up.
  local answered = string.format('%.0f', now + 1 + tonumber(ARGV[2 * i]))
  table.insert(result, redis.call('ZCOUNT', KEYS[i], '(' .. answered, MARKS_FROM))
end
return result
