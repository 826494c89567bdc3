"""Where messages are kept: Redis, one Lua script per verb, one shard per message."""
