"""What the store knows of budgets: how much each network sent today."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restante.store import keys

if TYPE_CHECKING:
    from restante.settings import Settings
    from restante.store.connection import Connection

DAY_MS = 86_400_000


class Budgets:
    """Counts messages and bytes together, in one round trip."""

    def __init__(self, connection: Connection, settings: Settings) -> None:
        self._connection = connection
        self._most = (settings.budget_messages, settings.budget_bytes)

    def afford(self, network: bytes, size: int) -> int:
        """Count one message of *size* bytes and return 0; or count nothing, the day is used up.

        Then return the milliseconds until it ends.
        """
        match self._connection.run("afford", keys.budget(network), size, *self._most, DAY_MS):
            case [b"counted"]:
                return 0
            case [b"spent", left]:
                return max(1, int(left))
        raise AssertionError
