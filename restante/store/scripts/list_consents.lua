#!lua flags=no-writes
-- list_consents: returns the consents of one shard's addresses, for the operator.
--
-- KEYS[1]  consent-index  zset
-- ARGV[1]  most           how many addresses at most
--
-- Replies {id of the address, {field, value, …}} for each.

local tag = KEYS[1]:match("^({%w+})")
local reply = {}
for _, id in ipairs(call("ZRANGE", KEYS[1], 0, tonumber(ARGV[1]) - 1)) do
  local kept = call("HGETALL", key_of(tag, "consents", id))
  if #kept > 0 then
    reply[#reply + 1] = { id, kept }
  end
end
return reply
