#!lua flags=allow-oom
-- consent_key: returns the boxed consent key; stores a new box if the known one is still there.
--
-- KEYS[1]  consent-key  string
-- ARGV[1]  known        the box that was read, "" for none
-- ARGV[2]  new          the box to store, "" to read only
--
-- Replies {"key", box}; the box is "" if there is none.

local known, new = ARGV[1], ARGV[2]
local kept = call("GET", KEYS[1]) or ""
if new ~= "" and kept == known then
  call("SET", KEYS[1], new)
  kept = new
end
return { "key", kept }
