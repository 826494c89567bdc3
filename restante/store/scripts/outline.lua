#!lua flags=no-writes
-- outline: what a replace must know before it can seal.
--
-- KEYS[1]  message  hash
--
-- Replies {"outline", version, how many links, passphrase}, or {"unknown"}.

local tag, id = way_in(KEYS[1])
local message = message_at(tag, id)
if not message then
  return { "unknown" }
end
return { "outline", message.version, #message.links / 16, message.passphrase and 1 or 0 }
