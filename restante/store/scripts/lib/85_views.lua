-- Spends views and tries.

-- Spends a view for this reader and starts its lease.  Returns the reader.
local function claim_view(link, now, reader, evidence)
  local m = link.message
  link.reveals = link.reveals + 1
  if link.address then
    drop_code(link)
  end
  local r = { id = reader, ends = math.min(now + m.lease, m.expires_at), view = link.reveals,
    acknowledged = 0, confirmed = 0, claimed_at = now, on_screen = 0 }
  link.state = link.reveals < link.views and "read" or "spent"
  keep_reader(link, r)
  call("PEXPIREAT", link.readers, call("PEXPIRETIME", link.hash))
  call("HSET", link.hash, "state", link.state, "reveals", link.reveals, "last_revealed_at", now)
  call("HSETNX", link.hash, "first_revealed_at", now)
  record(m, link, now, "link.revealed", "view=" .. link.reveals, evidence)
  if link.state == "spent" then
    end_link(link, now, "spent", latest_lease(link))
  elseif m.recall_at > 0 then
    call("PEXPIREAT", link.wrapped, key_ends(link))
  end
  return r
end

local WRONG = { code = { "link.code_wrong", "code-wrong" },
  passphrase = { "link.passphrase_wrong", "passphrase-wrong" } }

-- Spends a try for a wrong code or passphrase; the last one locks the link.  Idempotent: the same
-- request, sent again after a lost reply, spends no further try.  Returns the reply.
local function refuse_try(link, now, wrong, request, evidence)
  local event, reply = unpack(WRONG[wrong])
  if link.refused == request then
    return { reply, link.tries }
  end
  link.tries = call("HINCRBY", link.hash, "tries", -1)
  call("HSET", link.hash, "refused", request)
  if link.tries > 0 then
    record(link.message, link, now, event, "tries_left=" .. link.tries, evidence)
    return { reply, link.tries }
  end
  record(link.message, link, now, "link.locked", "", evidence)
  end_link(link, now, "locked", latest_lease(link))
  return { "locked", "locked", link.message.id, "", now }
end
