-- Looks (visits that spend no view), and whether a machine was among them.

-- The classes of visitors that are machines; the same as in webapp/http/visitors.py.
local MACHINES = { preview_bot = true, prefetch = true, scanner_suspected = true, program = true }
-- After a machine's look, a pressed button alone does not open the link: for 10 minutes.
local WATCH_MS = 600000

-- Whether a machine looked at this link within these ms.  Also true if all 100 looks that are
-- kept are newer, since older ones may be lost.
local function is_watched(link, now, within)
  local looks = call("LRANGE", link.message.looks, 0, -1)
  for _, kept in ipairs(looks) do
    local at, class, rest = kept:match("^(%d+) %S+ (%S+)\n(.*)$")
    if tonumber(at) <= now - within then
      return false
    elseif MACHINES[class] and rest:sub(1, 16) == link.id then
      return true
    end
  end
  return #looks >= 100
end

-- Records a look.  100 are kept.  From then on only one a minute is recorded, and for each link
-- one of a machine per minute, because the gate needs those.
local function look(link, now, type, class, evidence)
  local m = link.message
  local many = call("LLEN", m.looks)
  if many >= 100 and now - tonumber(call("LINDEX", m.looks, 0):match("^%d+")) < 60000
    and (not MACHINES[class] or is_watched(link, now, 60000)) then
    return
  end
  call("LPUSH", m.looks, now .. " " .. type .. " " .. class .. "\n" .. link.id .. evidence)
  call("LTRIM", m.looks, 0, 99)
  if many == 0 then
    call("PEXPIREAT", m.looks, call("PEXPIRETIME", m.hash))
  end
end
