#!lua flags=allow-oom
-- withdraw_consent: mails of one sender to an address end; this sender does not ask again.
--
-- Idempotent.
--
-- KEYS[1]  consents  hash
-- ARGV[1]  now       milliseconds; "" for the store's own clock
-- ARGV[2]  consent   id, of address and sender
--
-- Replies {"revoked"}, or {"unknown"}.

local now, consent = clock(ARGV[1]), ARGV[2]
local tag, id = way_in(KEYS[1])
local state = consent_of(fields_of(KEYS[1]) or {}, consent)
if not state then
  return { "unknown" }
end
mark_destroyed(tag)
call("DEL", waiting_for(tag, consent))
if state ~= "revoked" then
  call("HSET", KEYS[1], consent, "revoked " .. now)
  keep_consents(KEYS[1], tag, id, now)
end
return { "revoked" }
