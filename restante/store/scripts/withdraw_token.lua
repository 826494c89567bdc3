#!lua flags=allow-oom
-- withdraw_token: revokes a sender token.
--
-- Idempotent, because a reply can be lost.
--
-- KEYS[1]  tokens  hash
-- ARGV[1]  id      of the token
--
-- Replies {"withdrawn"}.

local tokens, id = KEYS[1], ARGV[1]

mark_destroyed(tokens:match("^({%w+})"))
call("HDEL", tokens, id)
return { "withdrawn" }
