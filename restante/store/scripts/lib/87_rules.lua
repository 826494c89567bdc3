-- Rules: what happens at a time to the links that nobody opened until then.

local UNREAD, RULE = "recalled_unread", "rule"

-- Puts the time of a message's next rule among the deadlines, or takes it out.
local function schedule_rules(m)
  local member, first = "rule:" .. m.id, math.huge
  for _, at in ipairs({ m.tell_at, m.recall_at }) do
    first = at > 0 and math.min(first, at) or first
  end
  if first < math.huge then
    call("ZADD", m.tag .. ":due", first, member)
  else
    call("ZREM", m.tag .. ":due", member)
  end
end

-- Stores the times of a message's rules; 0 is none.
local function keep_rules(m, tell_at, recall_at)
  m.tell_at, m.recall_at = tell_at, recall_at
  call("HDEL", m.hash, "tell_at", "recall_at")
  if tell_at > 0 then
    call("HSET", m.hash, "tell_at", tell_at)
  end
  if recall_at > 0 then
    call("HSET", m.hash, "recall_at", recall_at)
  end
  schedule_rules(m)
end

-- The same for new rules: the wrapped keys of unread links then expire when a rule recalls them.
local function set_rules(m, links, tell_at, recall_at)
  keep_rules(m, tell_at, recall_at)
  for _, link in ipairs(links) do
    if not is_final(link.written) and link.reveals == 0 then
      call("PEXPIREAT", link.wrapped, key_ends(link))
    end
  end
end

-- Rules as facts of an event: "tell_unread_at=…,recall_unread_at=…".
local function rule_facts(m)
  local facts = {}
  for _, one in ipairs({ { "tell_unread_at", m.tell_at }, { "recall_unread_at", m.recall_at } }) do
    if one[2] > 0 then
      facts[#facts + 1] = one[1] .. "=" .. one[2]
    end
  end
  return table.concat(facts, ",")
end

-- Carries out the rules whose time is over, each once: it judges links as they were then, since
-- every script that opens or ends a link calls this before.  An event has the time of its rule,
-- and in `told_at` when it was written.  Returns whether a rule was due.
local function run_rules(m, now)
  local tell_at, recall_at = m.tell_at, m.recall_at
  local tells = tell_at > 0 and now >= tell_at
  local recalls = recall_at > 0 and now >= recall_at
  if not tells and not recalls then
    return false
  end
  keep_rules(m, tells and 0 or tell_at, recalls and 0 or recall_at)
  for _, link in ipairs(links_of(m, now)) do
    if link.reveals == 0 and not is_final(link.written) then
      if tells and tell_at < m.expires_at and (recall_at == 0 or tell_at < recall_at) then
        call("HSET", link.hash, "unread_at", tell_at)
        record(m, link, now, "link.unread", "told_at=" .. now, "", tell_at)
      end
      if recalls and recall_at < m.expires_at then
        call("HSET", link.hash, "outcome", UNREAD, "recalled_at", recall_at, "by", RULE)
        record(m, link, now, "link.recalled",
          "outcome=" .. UNREAD .. ",by=" .. RULE .. ",told_at=" .. now, "", recall_at)
        end_link(link, now, "recalled", nil, recall_at)
      end
    end
  end
  return true
end

-- A message, and a link, after the rules that are due.
local function message_ruled(tag, id, now)
  local message = message_at(tag, id)
  return message and run_rules(message, now) and message_at(tag, id) or message
end

local function link_ruled(tag, id, now)
  local link = link_at(tag, id, now)
  return link and run_rules(link.message, now) and link_at(tag, id, now) or link
end
