#!lua flags=allow-oom
-- withdraw_token: its holder may send no more.
--
-- Asking again changes nothing and answers the same: replies get lost.
--
-- KEYS[1]  tokens  hash
-- ARGV[1]  id      of the token
--
-- Replies {"withdrawn"}.

local tokens, id = KEYS[1], ARGV[1]

call("HDEL", tokens, id)
return { "withdrawn" }
