-- Looks: visits that opened nothing, and whether a machine was among them.

-- The classes of looks that no person comes as; webapp/http/visitors.py has the same.
local MACHINES = { preview_bot = true, prefetch = true, scanner_suspected = true, program = true }
-- For so long after a machine's look a press of the button alone opens nothing: 10 minutes.
local WATCH_MS = 600000

-- A machine looked at this link within so many ms; or nobody can tell, since as many looks came
-- in that time as are kept.
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

-- A look; 100 are kept, and once they are, one a minute is written, and one by a machine for
-- each link: the gate goes by those.
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
