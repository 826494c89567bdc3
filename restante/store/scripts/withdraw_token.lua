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

if call("HDEL", tokens, id) == 0 then
  -- WAIT counts this connection's writes only.
  call("HSET", tokens, id, "")
  call("HDEL", tokens, id)
end
return { "withdrawn" }
