"""Sender tokens in the store: ids, times and boxed names, never a token or a name in clear."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from restante.store import keys
from restante.store.replies import Changed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from restante.store.connection import Argument, Connection


class Kept(NamedTuple):
    """The stored record of one sender token; `box` has its holder's name."""

    token_id: bytes
    made_at: int
    box: bytes


class SenderTokens:
    """The verbs on sender tokens, one method per script.  Each is idempotent."""

    def __init__(self, connection: Connection, now: Callable[[], int] | None = None) -> None:
        """*now* replaces the store's clock, in ms; only tests give one."""
        self._connection = connection
        self._now = now

    def make(self, token_id: bytes, box: bytes, known: Iterable[bytes]) -> None:
        """Store a new token.

        Raises:
            Changed: The stored tokens are no longer those with the *known* ids.
            Unavailable: Also if the store is full.
        """
        now: Argument = self._now() if self._now else ""
        match self._connection.run(
            "make_token", keys.sender_tokens(), now, token_id, box, *known
        ):  # fmt: skip
            case [b"made"]:
                return
            case [b"changed"]:
                raise Changed
        raise AssertionError

    def listed(self) -> list[Kept]:
        """Return all tokens, oldest first."""
        flat: list[bytes] = self._connection.run("list_tokens", keys.sender_tokens())
        kept = [_kept(*pair) for pair in zip(flat[::2], flat[1::2], strict=True)]
        return sorted(kept, key=lambda one: (one.made_at, one.token_id))

    def find(self, token_id: bytes) -> Kept | None:
        """Return the record of one token, or None if there is no such token."""
        match self._connection.run("find_token", keys.sender_tokens(), token_id):
            case [b"found", value]:
                return _kept(token_id, value)
            case [b"unknown"]:
                return None
        raise AssertionError

    def withdraw(self, token_id: bytes) -> None:
        """Revoke a token: delete its record, if it exists."""
        self._connection.run("withdraw_token", keys.sender_tokens(), token_id)


def _kept(token_id: bytes, value: bytes) -> Kept:
    made_at, _, box = value.partition(b" ")
    return Kept(token_id, int(made_at), box)
