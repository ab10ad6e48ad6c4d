-- Marks the start of a restoring. The mark is lost with everything else, so a second loss meanwhile is noticed at the end.
-- KEYS  1 mark of this restoring, then occupied sets
-- ARGV  none
-- RESULT now, epoch ms of Redis's clock; -1 where the past of all these windows is known and nothing is to be done

local MARK_MS = 120000
local time = redis.call('TIME')
local runId = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
local history = string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)') or ''
local mark = 'past of ' .. runId .. ':' .. history
local isKnown = true
for i = 2, #KEYS do
  if not redis.call('ZSCORE', KEYS[i], mark) then isKnown = false end
end
if isKnown then return -1 end

-- A server that may drop keys when its memory is full would drop parts of the past again and again.
local memory = redis.call('INFO', 'memory')
local policy = string.match(memory, 'maxmemory_policy:([%w-]+)')
if string.match(memory, 'maxmemory:(%d+)') ~= '0' and policy ~= 'noeviction' then
  return redis.error_reply('ERR set maxmemory-policy noeviction: with ' .. policy .. ' the budget could lose calls')
end
redis.call('SET', KEYS[1], mark, 'PX', MARK_MS)
return time[1] * 1000 + math.floor(time[2] / 1000)
