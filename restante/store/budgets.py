"""Quotas (budgets) in the store: what a network sends and an address is mailed in a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restante.crypto.tokens import digest
from restante.store import keys
from restante.store.counters import Counter

if TYPE_CHECKING:
    from restante.settings import Settings
    from restante.store.connection import Connection

DAY_MS = 86_400_000
TIMES_ANY = BYTES_ANY = 2**53
ALL_MAILS = bytes(16)
"""Stands for an id in the key of the quota of all mails to senders together."""
ALL_ASKS = bytes(15) + b"\1"
"""The same for those of them that ask for a consent."""


class Budgets:
    """Counts messages and bytes against a quota, in one round trip or with the next script."""

    def __init__(self, connection: Connection, settings: Settings) -> None:
        self._connection = connection
        self._most = (settings.budget_messages, settings.budget_bytes)
        self._files = (settings.budget_uploads, settings.budget_file_bytes)
        self._most_daily = {
            "notices": settings.budget_mails_network,
            "pushes": settings.budget_pushes_network,
            "tests": settings.budget_tests_network,
        }
        self._mails = settings.budget_mails if settings.rate_limits else None

    def counter(self, network: bytes, size: int) -> Counter:
        """Return the counter for one message of *size* bytes against a network's quota."""
        messages, bytes_most = self._most
        return Counter("budget", keys.budget(network), messages, DAY_MS, size, bytes_most)

    def upload(self, network: bytes) -> Counter:
        """Return the counter for one upload against a network's quota."""
        its = keys.budget(digest("restante/v1/files-budget", network))
        return Counter("budget", its, self._files[0], DAY_MS, 0, BYTES_ANY)

    def file_bytes(self, network: bytes, size: int) -> Counter:
        """Return the counter for *size* bytes of files against a network's quota."""
        its = keys.budget(digest("restante/v1/files-bytes-budget", network))
        return Counter("budget", its, TIMES_ANY, DAY_MS, size, self._files[1])

    def daily(self, network: bytes, name: str) -> Counter:
        """Return the counter for one of a network's `notices`, `pushes` or `tests` of a day.

        They are messages that want notifications by mail, browsers to be told, and tests of both.
        """
        return Counter(name, keys.limit(network, name), self._most_daily[name], DAY_MS)

    def afford_notification(self, who: bytes, most: int) -> bool:
        """Count one notification of *most* in a day; if this quota is used up, return False."""
        return self._count(who, 0, most, 0) == 0

    def afford_mail(self, *, asks: bool) -> bool:
        """Count one mail to a sender, of all in a day; if that quota is used up, return False.

        One that *asks* for a consent comes out of the first half: strangers who are asked take
        nothing from those who agreed.
        """
        if self._mails is None:
            return True
        if asks and self._count(ALL_ASKS, 0, -(-self._mails // 2), 0):
            return False
        return self._count(ALL_MAILS, 0, self._mails, 0) == 0

    def _count(self, who: bytes, size: int, messages_most: int, bytes_most: int) -> int:
        most = (messages_most, bytes_most)
        match self._connection.run("afford", keys.budget(who), size, *most, DAY_MS):
            case [b"counted"]:
                return 0
            case [b"spent", left]:
                return max(1, int(left))
        raise AssertionError
