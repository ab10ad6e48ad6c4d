-- Adds past calls where they are missing; the last step marks the windows as known. A window that is known already, as another
-- process restored it meanwhile, is left alone.
-- KEYS  1 mark of this restoring, then n occupied sets
-- ARGV  1 '1' in the last step, 2 n, then windowMs of each window, then of each call: its window (from 1), permit, until when
-- RESULT 'ok' | 'lost' where the store was emptied or replaced since the mark was made

local KEEP_PAST_MS, MARK_MS, MARKS_FROM = 604800000, 120000, '9000000000000000'
local runId = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
local history = string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)') or ''
local mark = 'past of ' .. runId .. ':' .. history
if redis.call('GET', KEYS[1]) ~= mark then return 'lost' end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local n = tonumber(ARGV[2])
local isKnown, longestMs = {}, {}
for i = 1, n do
  isKnown[i] = redis.call('ZSCORE', KEYS[1 + i], mark) and true or false
  longestMs[i] = 0
end
for i = n + 3, #ARGV, 3 do
  local window, untilMs = tonumber(ARGV[i]), tonumber(ARGV[i + 2])
  if untilMs > now and not isKnown[window] then
    redis.call('ZADD', KEYS[1 + window], 'NX', ARGV[i + 2], ARGV[i + 1])
    longestMs[window] = math.max(longestMs[window], untilMs - now)
  end
end
for i = 1, n do
  if not isKnown[i] then
    if ARGV[1] == '1' then
      redis.call('ZREMRANGEBYSCORE', KEYS[1 + i], MARKS_FROM, '+inf')
      redis.call('ZADD', KEYS[1 + i], MARKS_FROM, mark)
    end
    redis.call('PEXPIRE', KEYS[1 + i], string.format('%.0f', longestMs[i] + tonumber(ARGV[2 + i]) + KEEP_PAST_MS))
  end
end
if ARGV[1] == '1' then redis.call('DEL', KEYS[1]) else redis.call('PEXPIRE', KEYS[1], MARK_MS) end
return 'ok'
