"""What the store knows of budgets: what each network sent, and each address was mailed, today."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restante.store import keys

if TYPE_CHECKING:
    from restante.settings import Settings
    from restante.store.connection import Connection

DAY_MS = 86_400_000
LETTERS_MOST = 50
"""Codes mailed to one address in a day, whoever asks for them."""


class Budgets:
    """Counts messages and bytes together, in one round trip."""

    def __init__(self, connection: Connection, settings: Settings) -> None:
        self._connection = connection
        self._most = (settings.budget_messages, settings.budget_bytes)

    def afford(self, network: bytes, size: int) -> int:
        """Count one message of *size* bytes and return 0; or count nothing, the day is used up.

        Then return the milliseconds until it ends.
        """
        return self._count(network, size, *self._most)

    def afford_letter(self, address_id: bytes) -> bool:
        """Count one letter to an address; or count nothing and return False: it had enough."""
        return self._count(address_id, 0, LETTERS_MOST, 0) == 0

    def _count(self, who: bytes, size: int, messages_most: int, bytes_most: int) -> int:
        most = (messages_most, bytes_most)
        match self._connection.run("afford", keys.budget(who), size, *most, DAY_MS):
            case [b"counted"]:
                return 0
            case [b"spent", left]:
                return max(1, int(left))
        raise AssertionError
