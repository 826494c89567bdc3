#!lua flags=no-writes
-- list_tokens: returns the records of all sender tokens.
--
-- KEYS[1]  tokens  hash
--
-- Replies {id, "<made_at> <box>", …}.

return call("HGETALL", KEYS[1])
