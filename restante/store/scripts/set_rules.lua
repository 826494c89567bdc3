#!lua flags=allow-oom
-- set_rules: sets, changes or removes a message's rules: tell its sender, or recall it, if it is unread
-- at a time.
--
-- A rule whose time is over is carried out first, so no rule is taken back after its time.
--
-- KEYS[1]  message   hash
-- ARGV[1]  now       milliseconds; "" for the store's own clock
-- ARGV[2]  tell      ms from now; 0 for no such rule, "" to leave it as it is
-- ARGV[3]  recall    the same
-- ARGV[4]  evidence  boxed
-- ARGV[5]  request   id that makes a retry idempotent
--
-- A full store permits it, and a rule that tells writes an event for each link: so rules are set a
-- hundred times at the most.  To remove one is always possible.
--
-- Replies {"set"}, {"repeated"} if nothing changed, {"early", field} for a time before it opens, {"late",
-- field} for one after it expires, {"read"} for a new rule if every link that still opens was
-- opened, {"often"} after 100 changes, {"gone", state, message, reason, ended_at} if every link
-- ended, or {"unknown"}.

local RULED_MOST = 100

local now = clock(ARGV[1])
local evidence, request = ARGV[4], ARGV[5]
local tag, id = way_in(KEYS[1])
local message = message_ruled(tag, id, now)
if not message then
  return { "unknown" }
end
if call("HGET", message.hash, "rules") == request then
  return { "repeated" }
end
local links = links_of(message, now)
local ended = ended_whole(links)
if ended then
  return ended
end
local unread = 0
for _, link in ipairs(links) do
  unread = unread + ((link.reveals == 0 and not is_final(link.state)) and 1 or 0)
end

local is_new = false
local times = { tell = message.tell_at, recall = message.recall_at }
for place, field in ipairs({ "tell", "recall" }) do
  local given = ARGV[place + 1]
  if given == "0" then
    times[field] = 0
  elseif given ~= "" then
    local at = now + tonumber(given)
    if unread == 0 then
      return { "read" }
    elseif at <= message.opens_at then
      return { "early", field }
    elseif at >= message.expires_at then
      return { "late", field }
    end
    times[field], is_new = at, true
  end
end
if times.tell == message.tell_at and times.recall == message.recall_at then
  return { "repeated" }
end
if is_new and tonumber(call("HGET", message.hash, "ruled") or "0") >= RULED_MOST then
  return { "often" }
end

call("HINCRBY", message.hash, "ruled", 1)
call("HSET", message.hash, "rules", request)
set_rules(message, links, times.tell, times.recall)
record(message, nil, now, "message.rules_changed", rule_facts(message), evidence)
return { "set" }
