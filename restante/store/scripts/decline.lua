#!lua flags=allow-oom
-- decline: whoever has the link says that the message is not meant for him.
--
-- It opens and burns nothing.  Whoever had opened it is done with it: his leases end.
--
-- KEYS[1]  link      hash
-- ARGV[1]  now       milliseconds; "" for the store's own clock
-- ARGV[2]  evidence  boxed
-- ARGV[3…] readers   the ids that this browser could be known by; it is counted by the first
--
-- Replies {"declined", views that this browser held, views left}, the same as {"repeated", …} to
-- whoever had said so before and {"enough", …} when as many have as count, {"moot"} where the link
-- ended without this browser and before it said so, or {"unknown"}.

local now = clock(ARGV[1])
local evidence, first = ARGV[2], ARGV[3]
local tag, id = way_in(KEYS[1])
local link = link_at(tag, id, now)
if not link then
  return { "unknown" }
end
local held = {}
for at = 3, #ARGV do
  held[#held + 1] = reader_at(link, ARGV[at])
end
local may = told(link.declined, first)
if #held == 0 and is_final(link.state) and may ~= "told" then
  return { "moot" }
end

for _, r in ipairs(held) do
  end_lease(link, r, now)
end
if may == "enough" then
  return { "enough", #held, views_left(link) }
elseif may == "told" then
  return { "repeated", #held, views_left(link) }
end
call("HSET", link.hash, "declined", link.declined .. first, "declined_at", now)
record(link.message, link, now, "link.declined", "", evidence)
return { "declined", #held, views_left(link) }
