#!lua flags=no-writes
-- salt: returns what is needed to stretch a passphrase, before a reveal.
--
-- KEYS[1]  link  hash
-- ARGV[1]  now   milliseconds; "" for the store's own clock
--
-- Replies {"salt", message, root} for a link that has a passphrase and has not ended,
-- {"none"} for other links, or {"unknown"}.

local now = clock(ARGV[1])
local tag, id = way_in(KEYS[1])
local link = link_at(tag, id, now)
if not link then
  return { "unknown" }
end
if not link.verifier or not link.alive then
  return { "none" }
end
return { "salt", link.message.id, link.root }
