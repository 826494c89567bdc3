-- Marks that something was destroyed: the worker has the node's files rewritten when the mark
-- changes.  Every script that destroys calls this, also one that finds that a TTL did it already.

local is_marked = false

-- The mark is the time in µs.  It is only compared for equality, so clocks need not agree.
local function mark_destroyed(tag)
  if is_marked then
    return
  end
  is_marked = true
  local time = call("TIME")
  call("SET", tag .. ":destroyed", time[1] .. string.format("%06d", time[2]))
end
