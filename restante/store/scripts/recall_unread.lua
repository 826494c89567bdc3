#!lua flags=allow-oom
-- recall_unread: recalls the links of a message that nobody has opened; leaves the others alone.
--
-- Idempotent: a link that was recalled is not recalled again.
--
-- KEYS[1]  message   hash
-- ARGV[1]  now       milliseconds; "" for the store's own clock
-- ARGV[2]  evidence  boxed
--
-- Replies {"recalled", map}: the state afterwards, see `glimpse`; or {"unknown"}.

local now, evidence = clock(ARGV[1]), ARGV[2]
local tag, id = way_in(KEYS[1])
local message = message_ruled(tag, id, now)
if not message then
  return { "unknown" }
end

for _, link in ipairs(links_of(message, now)) do
  if link.reveals == 0 and not is_final(link.state) then
    link.outcome = "recalled_unread"
    record(message, link, now, "link.recalled", "outcome=" .. link.outcome, evidence)
    end_link(link, now, "recalled")
    call("HSET", link.hash, "outcome", link.outcome, "recalled_at", now)
  end
end
return { "recalled", glimpse(message, now) }
