-- Takes one permit: occupies all windows of a call, or none and stands in line.
-- KEYS  1 askers alive, then n occupied sets, n lines, and the pauses that stop this call
-- ARGV  1 permit, 2 asker, 3 lane rank, 4 waited ms, 5 hold ms, 6 line ms, 7 n, then of each window: limit, windowMs, 1 where it
--       begins empty and needs no past
-- RESULT {'granted', now} | {'pastUnknown', now} | {'refused', now, 'window' or 'pause', its place from 1, retryAt, notBefore}
-- occupied: member permit, score until when it occupies; and the past's mark, behind all of them. line: member asker, score rank
-- and time of joining.
-- askers: member asker, score until when it counts as alive. Times are epoch ms of Redis's clock.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- What is stamped is rounded up and what is compared is rounded down: never a fraction of a millisecond too early.
local stamp = time[2] % 1000 == 0 and now or now + 1

-- Every window carries the mark of the server that holds its whole past: its run id, and the id of its replication history, which
-- changes when a replica is promoted. So a window that is new, renamed, dropped or from an older copy is not known. Read here, in
-- the same step as the grant.
local runId = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
local history = string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)') or ''
local mark, MARKS_FROM = 'past of ' .. runId .. ':' .. history, '9000000000000000'
local permit, asker, rank = ARGV[1], ARGV[2], tonumber(ARGV[3])
local holdMs, lineMs, n = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local joined = string.format('%.0f', rank * 1e13 + now - tonumber(ARGV[4]))
local askers = KEYS[1]
local KEEP_MS, KEEP_PAST_MS, AHEAD_AT_MOST = 3600000, 604800000, 1000

for i = 1, n do
  local needsPast = ARGV[7 + 3 * i] ~= '1'
  if needsPast and not redis.call('ZSCORE', KEYS[1 + i], mark) then return { 'pastUnknown', now } end
end

local function text(number) return string.format('%.0f', number) end

local kind, place, retryAt, notBefore = nil, 0, 0, 0
local function refuse(newKind, newPlace, newRetryAt, newNotBefore)
  if kind == nil or newRetryAt > retryAt then kind, place, retryAt = newKind, newPlace, newRetryAt end
  notBefore = math.max(notBefore, newNotBefore)
end

for i = 2 * n + 2, #KEYS do
  local untilMs = tonumber(redis.call('GET', KEYS[i]) or 0)
  if untilMs > now then refuse('pause', i - 2 * n - 1, untilMs, untilMs) end
end

-- Askers alive that are before this one in a window's line. Those that stopped asking are put out.
local function ahead(line)
  local own = redis.call('ZSCORE', line, asker) or joined
  local count = 0
  local entries = redis.call('ZRANGEBYSCORE', line, '-inf', own, 'WITHSCORES', 'LIMIT', 0, AHEAD_AT_MOST)
  for i = 1, #entries, 2 do
    local other = entries[i]
    if other ~= asker and (tonumber(entries[i + 1]) < tonumber(own) or other < asker) then
      if redis.call('ZSCORE', askers, other) then count = count + 1 else redis.call('ZREM', line, other) end
    end
  end
  return count
end

-- When the place at this index is free. A call not yet answered frees its place windowMs after its answer: at the earliest
-- windowMs from now, and never before a call that is answered already.
local function free(occupied, index, count, windowMs)
  if index < 0 then return now end
  if index >= count then return now + windowMs end
  local entry = redis.call('ZRANGE', occupied, index, index, 'WITHSCORES')
  return math.min(tonumber(entry[2]), stamp + windowMs)
end

redis.call('ZREMRANGEBYSCORE', askers, '-inf', now)
local longestRefusing = -1
for i = 1, n do
  local occupied, limit, windowMs = KEYS[1 + i], tonumber(ARGV[5 + 3 * i]), tonumber(ARGV[6 + 3 * i])
  redis.call('ZREMRANGEBYSCORE', occupied, '-inf', now)
  local count = redis.call('ZCOUNT', occupied, '-inf', '(' .. MARKS_FROM)
  local before = ahead(KEYS[1 + n + i])
  if count + before >= limit then
    local first = free(occupied, count - limit, count, windowMs)
    local own = free(occupied, count + before - limit, count, windowMs)
    refuse('window', i, math.max(own, first), first)
    longestRefusing = math.max(longestRefusing, windowMs)
  end
end

if kind == nil then
  for i = 1, n do
    local windowMs = tonumber(ARGV[6 + 3 * i])
    local keepMs = ARGV[7 + 3 * i] == '1' and KEEP_MS or KEEP_PAST_MS
    redis.call('ZADD', KEYS[1 + i], text(stamp + holdMs + windowMs), permit)
    redis.call('PEXPIRE', KEYS[1 + i], text(holdMs + windowMs + keepMs))
    redis.call('ZREM', KEYS[1 + n + i], asker)
  end
  redis.call('ZREM', askers, asker)
  return { 'granted', stamp }
end

-- It keeps a place at the longest window that refused it and at those still longer, so that nobody takes what it needs
-- next; at shorter ones it would only keep others waiting.
if lineMs > 0 then redis.call('ZADD', askers, text(now + lineMs), asker) end
redis.call('PEXPIRE', askers, KEEP_MS)
for i = 1, n do
  local line, windowMs = KEYS[1 + n + i], tonumber(ARGV[6 + 3 * i])
  if lineMs > 0 and longestRefusing >= 0 and windowMs >= longestRefusing then
    redis.call('ZADD', line, 'NX', joined, asker)
    redis.call('PEXPIRE', line, KEEP_MS)
  else
    redis.call('ZREM', line, asker)
  end
end
return { 'refused', now, kind, place, retryAt, notBefore }
