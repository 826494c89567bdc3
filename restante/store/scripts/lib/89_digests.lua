-- Digests: news of several messages that go to one address in one mail.  A digest is kept as a message
-- is, with nothing but the channel `digest` and a timeline, so it is delivered as all others are.

-- A digest that has to tell so much is full: news wait in their messages then.
local DIGEST_MOST = 20000

-- Returns the id of a digest that still has something to tell, or nil; and whether it is full.
local function open_digest(tag, id)
  local cursor = id and call("HGET", key_of(tag, "message", id), "digest:cursor")
  local left = cursor and call("LLEN", key_of(tag, "events", id)) - tonumber(cursor) or 0
  if left > 0 then
    return id, left >= DIGEST_MOST
  end
end

-- Adds the events of a message from `after`, exclusive, to `until`: due at `due`, if nothing is yet.
local function gather(tag, id, now, due, message, after, last)
  local events, member = key_of(tag, "events", id), id .. ":digest"
  call("RPUSH", events, now .. " digest.news shard=" .. message:byte() .. ",after=" .. after
    .. ",until=" .. last .. "\n" .. message:sub(2))
  call("PEXPIREAT", events, now + DELIVERY_MS)
  call("PEXPIREAT", key_of(tag, "message", id), now + DELIVERY_MS)
  call("ZREM", tag .. ":dead", member)
  call("ZADD", outbox_of(tag, "digest"), "NX", due, member)
end
