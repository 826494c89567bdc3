#!lua flags=no-writes
-- list_tokens: all that is known of the operator's tokens.
--
-- KEYS[1]  tokens  hash
--
-- Replies {id, "<made_at> <box>", …}.

return call("HGETALL", KEYS[1])
