#!lua flags=allow-oom
-- recall: destroys the wrapped keys, ends the leases, and returns a verdict for each link.
--
-- Idempotent: a second recall returns the first verdict and time.
--
-- KEYS[1]  message   hash
-- ARGV[1]  now       milliseconds; "" for the store's own clock
-- ARGV[2]  links     ids, 16 bytes each; "" for all
-- ARGV[3]  reason    boxed, or ""
-- ARGV[4]  evidence  boxed
--
-- Replies {"recalled", map …} with a map for each link: id, box (label), outcome, reveals,
-- first_revealed_at, acknowledged_at, recalled_at, by ("rule", or ""); {"repeated", map …} if every link had its
-- verdict already, {"invalid"} for a link of another message, or {"unknown"}.

local now = clock(ARGV[1])
local wanted, reason, evidence = ARGV[2], ARGV[3], ARGV[4]
local tag, id = way_in(KEYS[1])
local message = message_ruled(tag, id, now)
if not message then
  return { "unknown" }
end

local chosen, found = {}, 0
for at = 1, #wanted, 16 do
  chosen[wanted:sub(at, at + 15)] = true
end
local links = {}
for _, link in ipairs(links_of(message, now)) do
  if wanted == "" or chosen[link.id] then
    links[#links + 1] = link
    chosen[link.id] = nil
  end
end
if next(chosen) then
  return { "invalid" }
end

local reply = { "repeated" }
for _, link in ipairs(links) do
  if link.outcome == "" then
    if is_final(link.state) then
      link.outcome = "already_" .. link.state
    else
      link.outcome = link.reveals == 0 and "recalled_unread" or "recalled_after_read"
    end
    link.recalled_at = now
    reply[1] = "recalled"
    record(message, link, now, "link.recalled", "outcome=" .. link.outcome, evidence)
    if not is_final(link.state) then
      if reason ~= "" then
        call("HSET", link.hash, "reason", reason)
      end
      end_link(link, now, "recalled")
    elseif link.alive then
      destroy_key(link)
    end
  end
  call("HSET", link.hash, "outcome", link.outcome, "recalled_at", link.recalled_at)
  reply[#reply + 1] = named({ id = link.id, box = link.box, outcome = link.outcome,
    reveals = link.reveals, first_revealed_at = link.first_revealed_at,
    acknowledged_at = link.acknowledged_at, recalled_at = link.recalled_at, by = link.by })
end
return reply
