#!lua flags=allow-oom
-- dispute: records that a browser which did not open the link reports that somebody did.
--
-- KEYS[1]  link      hash
-- ARGV[1]  now       milliseconds; "" for the store's own clock
-- ARGV[2]  evidence  boxed
-- ARGV[3…] readers   all ids of this browser; the first one counts for the limit
--
-- Replies {"disputed"}, {"repeated"} if this browser did already, {"enough"} if three others did,
-- {"moot"} if the link was not opened, or by this browser, or {"unknown"}.

local now = clock(ARGV[1])
local evidence, first = ARGV[2], ARGV[3]
local tag, id = way_in(KEYS[1])
local link = link_at(tag, id, now)
if not link then
  return { "unknown" }
elseif link.reveals == 0 and link.state ~= "locked" then
  return { "moot" }
end
for at = 3, #ARGV do
  if reader_at(link, ARGV[at]) then
    return { "moot" }
  end
end
local may = told(link.disputed, first)
if may == "enough" then
  return { "enough" }
elseif may == "told" then
  return { "repeated" }
end

call("HSET", link.hash, "disputed", link.disputed .. first, "disputed_at", now)
record(link.message, link, now, "link.disputed", "", evidence)
return { "disputed" }
