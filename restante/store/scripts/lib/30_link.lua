-- Loads links and derives their state.

local function is_final(state)
  return state ~= "held" and state ~= "sealed" and state ~= "read"
end

-- When a link's wrapped key expires: with the message, or when a rule recalls the link unread.
local function key_ends(link)
  local m = link.message
  local is_ruled = m.recall_at > 0 and link.reveals == 0
  return is_ruled and math.min(m.recall_at, m.expires_at) or m.expires_at
end

-- A link can be opened only if its wrapped key exists.  A sealed or read link without its key,
-- or past its expiry, is expired, even if the worker has not written that yet.  An unread link past
-- the time of a rule is recalled in the same way.
local function link_at(tag, id, now, message)
  local hash = key_of(tag, "link", id)
  local f = fields_of(hash)
  message = f and f.message and (message or message_at(tag, f.message))
  if not message then
    return nil
  end
  local l = { tag = tag, id = id, hash = hash, message = message,
    wrapped = key_of(tag, "key", id), readers = key_of(tag, "readers", id),
    code_box = key_of(tag, "code", id), address = f.address, code = f.code,
    code_until = tonumber(f.code_until or "0"), code_at = tonumber(f.code_at or "0"),
    codes = tonumber(f.codes or "0"), code_failed = f.code_failed,
    refused = f.refused, failed = f.failed, state = f.state or "sealed",
    written = f.state or "sealed", version = tonumber(f.version or "1"), root = f.root,
    views = tonumber(f.views),
    reveals = tonumber(f.reveals or "0"), tries = tonumber(f.tries or "-1"),
    verifier = f.verifier, box = f.box or "", outcome = f.outcome or "", reason = f.reason or "",
    by = f.by or "", on_screen = tonumber(f.on_screen or "0"), disputed = f.disputed or "",
    declined = f.declined or "" }
  for _, moment in ipairs({ "first_revealed_at", "last_revealed_at", "acknowledged_at",
    "confirmed_at", "ended_at", "recalled_at", "disputed_at", "declined_at", "unread_at" }) do
    l[moment] = tonumber(f[moment] or "0")
  end
  l.alive = call("EXISTS", l.wrapped) == 1
  if not is_final(l.state) then
    local ends = key_ends(l)
    if ends < message.expires_at and now >= ends then
      l.state, l.ended_at = "recalled", ends
      l.outcome, l.recalled_at, l.by = "recalled_unread", ends, "rule"
    elseif not l.alive or now >= message.expires_at then
      l.state, l.ended_at = "expired", math.min(now, message.expires_at)
    elseif l.state == "sealed" and now < message.opens_at then
      l.state = "held"
    end
  end
  return l
end

-- How many views are left.
local function views_left(link)
  return is_final(link.state) and 0 or link.views - link.reveals
end

-- Every link of a message, in the sender's order.
local function links_of(message, now)
  local links = {}
  for at = 1, #message.links, 16 do
    links[#links + 1] = link_at(message.tag, message.links:sub(at, at + 15), now, message)
  end
  return links
end

-- The reply for a link that ended; only a recall has a reason.
local function gone(link)
  return { "gone", link.state, link.message.id, link.reason, link.ended_at }
end

-- The reply if every one of these links ended; nil if one can still be opened.
local function ended_whole(links)
  for _, link in ipairs(links) do
    if not is_final(link.state) then
      return nil
    end
  end
  return gone(links[1])
end
