#!lua
-- make_token: somebody may send, if nothing was made or withdrawn since the names were read.
--
-- Names lie in boxes, so whoever makes a token reads them first, and says which he read.
-- Making the same token again changes nothing and answers the same: replies get lost.
--
-- KEYS[1]  tokens  hash
-- ARGV[1]  now     milliseconds; "" for the store's own clock
-- ARGV[2]  id      of the token
-- ARGV[3]  box     its holder's name
-- ARGV[4…] ids     of all the tokens whose names were read
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
