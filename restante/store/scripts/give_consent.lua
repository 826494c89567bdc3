#!lua flags=allow-oom
-- give_consent: records that the owner of an address wants the mails of one sender.
--
-- Idempotent.  Only who was asked can consent.
--
-- KEYS[1]  consents  hash
-- ARGV[1]  now       milliseconds; "" for the store's own clock
-- ARGV[2]  consent   id, of address and sender
--
-- Replies {"given", message …}: shard (a byte) and id of each message whose mails waited;
-- {"stopped"} if the address gets no mail at all, or {"unknown"}.

local now, consent = clock(ARGV[1]), ARGV[2]
local tag, id = way_in(KEYS[1])
local kept = fields_of(KEYS[1]) or {}
if kept.stopped then
  return { "stopped" }
elseif not kept[consent] then
  return { "unknown" }
end
local waiting = call("SMEMBERS", waiting_for(tag, consent))
if consent_of(kept, consent) ~= "given" then
  call("HSET", KEYS[1], consent, "given " .. now)
  keep_consents(KEYS[1], tag, id, now)
end
return { "given", unpack(waiting) }
