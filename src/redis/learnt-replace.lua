-- Replaces a note about a supplier where it is still what the writer read.
-- KEYS  1 the supplier's notes, a hash
-- ARGV  1 field, 2 the text read ('' for none), 3 the new text ('' takes it out), 4 how long the notes are kept, ms
-- RESULT 1 where it is replaced, else 0

local current = redis.call('HGET', KEYS[1], ARGV[1]) or ''
if current ~= ARGV[2] then return 0 end
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
end
return 1
