#!lua
-- make_token: stores a new sender token, if the set of tokens did not change since it was read.
--
-- Names must be unique but are boxed: so the caller reads them first and passes the ids it read.
-- Idempotent, because a reply can be lost.
--
-- KEYS[1]  tokens  hash
-- ARGV[1]  now     milliseconds; "" for the store's own clock
-- ARGV[2]  id      of the token
-- ARGV[3]  box     its holder's name
-- ARGV[4…] ids     of all tokens that the caller read
--
-- Replies {"made"}, or {"changed"}.

local tokens, id, box = KEYS[1], ARGV[2], ARGV[3]
local now = clock(ARGV[1])

if call("HEXISTS", tokens, id) == 1 then
  return { "made" }
end
if call("HLEN", tokens) ~= #ARGV - 3 then
  return { "changed" }
end
for at = 4, #ARGV do
  if call("HEXISTS", tokens, ARGV[at]) == 0 then
    return { "changed" }
  end
end

call("HSET", tokens, id, string.format("%.0f", now) .. " " .. box)
return { "made" }
