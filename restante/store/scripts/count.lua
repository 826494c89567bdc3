#!lua flags=allow-oom
-- count: counts the counters that came with it, and does nothing else.
--
-- KEYS[1]  any key on the counters' node
-- KEYS[2…] counters, see lib/90_counters.lua
--
-- Replies {"counted"}, or {"limited", index of the counter from 0, ms until it begins anew}.

return { "counted" }
