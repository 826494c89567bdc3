#!lua flags=no-writes
-- consents_of: returns what is kept of the consents of one address.
--
-- KEYS[1]  consents  hash
--
-- Replies {field, value, …}.

return call("HGETALL", KEYS[1])
