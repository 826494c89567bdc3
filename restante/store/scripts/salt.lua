#!lua flags=no-writes
-- salt: returns what is needed to stretch a passphrase, before a reveal.
--
-- KEYS[1]  link  hash
-- ARGV[1]  now   milliseconds; "" for the store's own clock
--
-- Replies {"salt", message, root, form} for a link that has a passphrase and has not ended,
-- {"none"} for other links, or {"unknown"}.  The number of the passphrase's form stands before
-- the verifier, except for form 1.

local VERIFIER_SIZE = 16

local now = clock(ARGV[1])
local tag, id = way_in(KEYS[1])
local link = link_at(tag, id, now)
if not link then
  return { "unknown" }
end
if not link.verifier or not link.alive then
  return { "none" }
end
local form = #link.verifier > VERIFIER_SIZE and link.verifier:byte(1) or 1
return { "salt", link.message.id, link.root, form }
