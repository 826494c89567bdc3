"""What a sender says of a message that the store keeps boxed and never reads.

A new option is a field here, in the form and the API's schema (`webapp/details.py`), and
where it is used; everything between carries the whole record.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Details:
    """One message's details.  Their names in the box are those of docs/specs/envelope.md."""

    sender_name: str | None = None
    subject: str | None = None
    always_asks: bool = False
    """Everybody types a number at the gate, not only who looks like a machine."""
    mailed_code: bool = False
    """Each reader is mailed six digits first; every recipient is an e-mail address."""
    language: str | None = None
    """The sender's, as `es`: what is written to the sender is written in it."""

    def as_facts(self) -> dict[str, str | None]:
        """Return the fields of the box `message`; None is left out of it."""
        return {
            "from": self.sender_name,
            "subject": self.subject,
            "second_step": "always" if self.always_asks else None,
            "code": "mailed" if self.mailed_code else None,
            "language": self.language,
        }

    @classmethod
    def from_facts(cls, facts: Mapping[str, str]) -> Self:
        """Read the fields of a box; unknown ones are ignored, missing ones are the defaults."""
        return cls(
            sender_name=facts.get("from"),
            subject=facts.get("subject"),
            always_asks=facts.get("second_step") == "always",
            mailed_code=facts.get("code") == "mailed",
            language=facts.get("language"),
        )
