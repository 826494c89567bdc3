"""Quotas (budgets) in the store: what a network sends and an address is mailed in a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restante.store import keys
from restante.store.counters import Counter

if TYPE_CHECKING:
    from restante.settings import Settings
    from restante.store.connection import Connection

DAY_MS = 86_400_000


class Budgets:
    """Counts messages and bytes against a quota, in one round trip or with the next script."""

    def __init__(self, connection: Connection, settings: Settings) -> None:
        self._connection = connection
        self._most = (settings.budget_messages, settings.budget_bytes)

    def counter(self, network: bytes, size: int) -> Counter:
        """Return the counter for one message of *size* bytes against a network's quota."""
        messages, bytes_most = self._most
        return Counter("budget", keys.budget(network), messages, DAY_MS, size, bytes_most)

    def afford_notification(self, who: bytes, most: int) -> bool:
        """Count one notification of *most* in a day; if this quota is used up, return False."""
        return self._count(who, 0, most, 0) == 0

    def _count(self, who: bytes, size: int, messages_most: int, bytes_most: int) -> int:
        most = (messages_most, bytes_most)
        match self._connection.run("afford", keys.budget(who), size, *most, DAY_MS):
            case [b"counted"]:
                return 0
            case [b"spent", left]:
                return max(1, int(left))
        raise AssertionError
