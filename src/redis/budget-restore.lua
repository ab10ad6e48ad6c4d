-- Adds past calls where they are missing; the last step opens the group.
-- KEYS  1 epoch, 2 mark of this restoring, then occupied sets
-- ARGV  1 '1' in the last step, then of each call: which key (its place in KEYS), permit, until when, windowMs
-- RESULT 'ok' | 'lost' where the store was emptied since the mark was made

local KEEP_MS, MARK_MS = 3600000, 120000
local runId = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
if redis.call('GET', KEYS[2]) ~= runId then return 'lost' end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for i = 2, #ARGV, 4 do
  local key, untilMs = KEYS[tonumber(ARGV[i])], tonumber(ARGV[i + 2])
  if untilMs > now then
    redis.call('ZADD', key, 'NX', ARGV[i + 2], ARGV[i + 1])
    redis.call('PEXPIRE', key, string.format('%.0f', untilMs - now + tonumber(ARGV[i + 3]) + KEEP_MS))
  end
end
if ARGV[1] == '1' then
  redis.call('SET', KEYS[1], runId)
  redis.call('DEL', KEYS[2])
else
  redis.call('PEXPIRE', KEYS[2], MARK_MS)
end
return 'ok'
