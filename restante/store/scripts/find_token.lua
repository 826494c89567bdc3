#!lua flags=no-writes
-- find_token: returns the record of a sender token.
--
-- KEYS[1]  tokens  hash
-- ARGV[1]  id      of the token
--
-- Replies {"found", "<made_at> <box>"}, or {"unknown"}.

local kept = call("HGET", KEYS[1], ARGV[1])
if not kept then
  return { "unknown" }
end
return { "found", kept }
