#!lua flags=no-writes
-- uploads: tells how far uploads of one shard came.
--
-- KEYS[1]  upload  hash, of the first
-- ARGV[1]  now     unused
-- ARGV[2]  ids     16 bytes each
--
-- Replies {offset, size or "", whole, salt} for each, in order; {} for one that does not exist.

local ids = ARGV[2]
local tag = way_in(KEYS[1])
local reply = {}
for at = 1, #ids, 16 do
  local f = fields_of(key_of(tag, "upload", ids:sub(at, at + 15)))
  reply[#reply + 1] = f and { tonumber(f.offset), f.size or "", f.whole and 1 or 0, f.salt } or {}
end
return reply
