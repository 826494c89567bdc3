#!lua flags=no-writes
-- unowned: tells which of these blobs nothing in the store knows.
--
-- KEYS[1]  blobs  hash
-- ARGV[1]  now    unused
-- ARGV[2]  ids    16 bytes each
--
-- Replies their ids.

local ids, reply = ARGV[2], {}
for at = 1, #ids, 16 do
  local id = ids:sub(at, at + 15)
  if call("HEXISTS", KEYS[1], id) == 0 then
    reply[#reply + 1] = id
  end
end
return reply
