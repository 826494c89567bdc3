"""How the channels of a message stand, as its sender may see it, and what came of a test.

Pure: no clock, no randomness, no I/O.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


class ChannelState(StrEnum):
    """How a channel stands."""

    NEW = "new"
    """Nothing went out yet."""
    TOLD = "told"
    """The last thing that was tried went out."""
    FAILING = "failing"
    """The last try failed; it is tried again."""
    GIVEN_UP = "given_up"
    """It was tried too often, or the receiver refuses: nothing more until something happens."""
    ASKED = "asked"
    """A mail waits until the owner of the address agrees."""
    REFUSED = "refused"
    """The owner of the address wants no mails."""


class Outcome(StrEnum):
    """What came of a test."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


UNREACHABLE, INTERNAL = "unreachable", "internal"
UNREACHED = frozenset({"address-refused", "unknown-name", "not-https", UNREACHABLE})
"""Words of `FailureReason`.  A sender is not told which: they could learn which names and addresses
there are inside."""
OURS = frozenset({"root-key-missing", "no-relay", INTERNAL})


class Standing(NamedTuple):
    """One channel of a message.

    Attributes:
        told_at: When something last went out, in ms.
        failure: Why the last try failed: a status, or a word; None if it did not.
        tested: What came of the last test, if there was one.
    """

    channel: str
    state: ChannelState
    told_at: int | None
    failure: str | None
    tested: Outcome | None

    @classmethod
    def of(cls, its: Mapping[bytes, Any], tested_at: int) -> Self:
        """Read one channel of status.lua."""
        failure = its[b"failure"].decode() if its[b"failures"] or its[b"dead"] else ""
        note, told_at = its[b"note"].decode(), its[b"told_at"] or None
        state = ChannelState.TOLD if told_at else ChannelState.NEW
        if its[b"dead"]:
            state = ChannelState.GIVEN_UP
        elif failure:
            state = ChannelState.FAILING
        elif note in {ChannelState.ASKED, ChannelState.REFUSED}:
            state = ChannelState(note)
        tested = None
        if its[b"test"]:
            tested = _outcome(its, tested_at, is_refused=state is ChannelState.REFUSED)
        name = its[b"name"].decode()
        return cls(name, state, told_at, for_sender(failure) if failure else None, tested)


def _outcome(its: Mapping[bytes, Any], tested_at: int, *, is_refused: bool) -> Outcome:
    if its[b"cursor"] >= its[b"test"]:
        is_out = its[b"told_at"] >= tested_at and not is_refused
        return Outcome.DELIVERED if is_out else Outcome.FAILED
    return Outcome.FAILED if its[b"failures"] or its[b"dead"] else Outcome.WAITING


def for_sender(word: str) -> str:
    """Return why a try failed, as a sender may know it."""
    if word in UNREACHED:
        return UNREACHABLE
    return INTERNAL if word in OURS else word
