#!lua flags=allow-oom
-- record_ask: records that the mail server took the mail that asks for a consent.
--
-- KEYS[1]  consents  hash
-- ARGV[1]  now       milliseconds; "" for the store's own clock
-- ARGV[2]  consent   id, of address and sender
-- ARGV[3]  asked_at  of this ask
-- ARGV[4]  message   shard (a byte) and id: who asked, and now waits
--
-- Replies {"recorded"}, or {"nothing"} if it was answered meanwhile.

local consent, asked_at, message = ARGV[2], ARGV[3], ARGV[4]
local tag = way_in(KEYS[1])
local state, at = consent_of(fields_of(KEYS[1]) or {}, consent)
if state ~= "asked" or at ~= tonumber(asked_at) then
  return { "nothing" }
end
call("HSET", KEYS[1], consent, "asked " .. asked_at .. " 1 " .. message)
call("SADD", waiting_for(tag, consent), message)
call("PEXPIREAT", waiting_for(tag, consent), at + ASK_MS)
return { "recorded" }
