#!lua flags=allow-oom
-- decline: records that the message is not meant for this reader.
--
-- Other readers are not affected.  If this browser opened the link, its leases end.
--
-- KEYS[1]  link      hash
-- ARGV[1]  now       milliseconds; "" for the store's own clock
-- ARGV[2]  evidence  boxed
-- ARGV[3…] readers   all ids of this browser; the first one counts for the limit
--
-- Replies {"declined", views that this browser held, views left}, the same with "repeated" if this
-- browser did already, or "enough" if three others did; {"moot"} if the link ended before this
-- browser opened or declined it, or {"unknown"}.

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
