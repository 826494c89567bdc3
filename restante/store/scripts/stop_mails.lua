#!lua flags=allow-oom
-- stop_mails: nobody's notifications or asks are mailed to an address any more.
--
-- Idempotent.  All consents of the address end.
--
-- KEYS[1]  consents  hash
-- ARGV[1]  now       milliseconds; "" for the store's own clock
--
-- Replies {"stopped", stopped_at}.

local now = clock(ARGV[1])
local tag, id = way_in(KEYS[1])
local kept = fields_of(KEYS[1]) or {}
mark_destroyed(tag)
for name in pairs(kept) do
  if #name == 16 then
    call("DEL", waiting_for(tag, name))
  end
  if name ~= "stopped" then
    call("HDEL", KEYS[1], name)
  end
end
call("HSETNX", KEYS[1], "stopped", now)
keep_consents(KEYS[1], tag, id, now)
return { "stopped", tonumber(kept.stopped or now) }
