"""A message's rules: what happens at a time to the links that nobody opened until then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from restante.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restante.settings import Settings

TELL, RECALL = "rules.tell_unread_after", "rules.recall_unread_after"
"""The fields of both rules in the API; also of their faults."""
REMOVED = 0
FIELDS = {"tell": TELL, "recall": RECALL}


@dataclass(frozen=True, slots=True)
class Rules:
    """Both rules, in seconds: from when the message opens; if they are set later, from now.

    Attributes:
        tell_after: Then an event tells the sender which links are unread.
        recall_after: Then unread links are recalled.

    None is no rule; if it is set later, None leaves it as it is and REMOVED takes it away.
    """

    tell_after: int | None = None
    recall_after: int | None = None

    def named(self) -> tuple[tuple[str, int | None], ...]:
        """Return both with their field's names."""
        return (TELL, self.tell_after), (RECALL, self.recall_after)


def draft_faults(rules: Rules, expires_in: int, settings: Settings) -> Iterator[Fault]:
    """Yield rules of a new message that come too soon, or not before it expires."""
    for name, after in rules.named():
        if after is not None and not settings.expiry_min <= after < expires_in:
            yield Fault(name, f"at least {settings.expiry_min} seconds, and before it expires")


def change_faults(rules: Rules, settings: Settings) -> Iterator[Fault]:
    """Yield new rules that are out of bounds; the store knows when the message expires."""
    for name, after in rules.named():
        if after not in {None, REMOVED} and not settings.expiry_min <= after <= settings.expiry_max:
            yield Fault(name, f"from {settings.expiry_min} to {settings.expiry_max} seconds, or 0")
