-- Stamps the answer of a call: its permit occupies each window until now + windowMs. Lowers only, never brings one back.
-- KEYS  occupied sets of the call's windows
-- ARGV  1 permit, then windowMs of each window (0: free at once)
-- RESULT now, epoch ms of Redis's clock, rounded up

local time = redis.call('TIME')
local stamp = time[1] * 1000 + math.ceil(time[2] / 1000)
for i = 1, #KEYS do
  local windowMs = tonumber(ARGV[1 + i])
  if windowMs == 0 then
    redis.call('ZREM', KEYS[i], ARGV[1])
  else
    redis.call('ZADD', KEYS[i], 'XX', 'LT', string.format('%.0f', stamp + windowMs), ARGV[1])
  end
end
return stamp
