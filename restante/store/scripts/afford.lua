#!lua
-- afford: counts a message against the daily quota (budget) of a network, if it fits.
--
-- A refused message is not counted.  The day begins with the first message.  Not idempotent: if
-- a reply is lost, the retry counts the message twice, which does no harm.
--
-- KEYS[1]  budget         hash: messages, bytes
-- ARGV[1]  bytes          of the text
-- ARGV[2]  messages most  ARGV[3]  bytes most
-- ARGV[4]  day            ms
--
-- Replies {"counted"}, or {"spent", ms until the day ends}.

local bytes, messages_most, bytes_most = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])

local had = call("HMGET", KEYS[1], "messages", "bytes")
if tonumber(had[1] or "0") + 1 > messages_most or tonumber(had[2] or "0") + bytes > bytes_most then
  return { "spent", math.max(call("PTTL", KEYS[1]), 0) }
end

call("HINCRBY", KEYS[1], "messages", 1)
call("HINCRBY", KEYS[1], "bytes", bytes)
if not had[1] then
  call("PEXPIRE", KEYS[1], ARGV[4])
end
return { "counted" }
