#!lua flags=no-writes
-- outline: returns what a replace needs before it can seal: version, links, passphrase.
--
-- KEYS[1]  message  hash
--
-- Replies {"outline", version, number of links, passphrase (1 or 0)}, or {"unknown"}.

local tag, id = way_in(KEYS[1])
local message = message_at(tag, id)
if not message then
  return { "unknown" }
end
return { "outline", message.version, #message.links / 16, message.passphrase and 1 or 0 }
