#!lua
-- afford: counts a mail against the daily quota (budget) of an address, if it fits.
--
-- A refused one is not counted.  The day begins with the first.  Not idempotent: if a reply is lost,
-- the retry counts twice, which does no harm.
--
-- KEYS[1]  budget         hash: messages, bytes
-- ARGV[1]  bytes          of the text
-- ARGV[2]  messages most  ARGV[3]  bytes most
-- ARGV[4]  day            ms
--
-- Replies {"counted"}, or {"spent", ms until the day ends}.

local left = spend(KEYS[1], tonumber(ARGV[2]), tonumber(ARGV[4]), tonumber(ARGV[1]),
  tonumber(ARGV[3]))
return left and { "spent", left } or { "counted" }
