-- Sent lists: sealed lines, scored by when their message was sent; no two have the same score, so
-- that a page can begin behind any line.

-- The mark of a list that was moved or deleted: it takes no line any more.
local function closed_key(tag, id)
  return key_of(tag, "closed", id)
end

local function is_closed(tag, id)
  return call("EXISTS", closed_key(tag, id)) == 1
end

-- Keeps a list for these ms from now; a hundredth less is not worth a write.
local function keep_list(list, now, lasts)
  local ends = call("PEXPIRETIME", list)
  if ends ~= -2 and ends < now + lasts * 0.99 then
    call("PEXPIREAT", list, now + lasts)
  end
end

-- Adds a line, if it is not there yet.
local function add_line(list, at, line)
  if call("ZSCORE", list, line) then
    return
  end
  while call("ZCOUNT", list, at, at) > 0 do
    at = at + 1
  end
  call("ZADD", list, at, line)
end

-- What a list shows of a message: one "<state> <reveals> <outcome>" for each link.
local function glimpse(message, now)
  local links = {}
  for _, link in ipairs(links_of(message, now)) do
    links[#links + 1] = link.state .. " " .. link.reveals .. " " .. link.outcome
  end
  return named({ sent_at = message.sent_at, opens_at = message.opens_at,
    expires_at = message.expires_at, paused_at = message.paused_at, sender = message.sender,
    links = links })
end
