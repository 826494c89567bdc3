"""A message's details: the sender's options, which the store keeps encrypted and never reads.

To add an option: add a field here, in the form and the API's schema (`webapp/details.py`),
and use it.  All code in between carries the whole record.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Details:
    """One message's details.  docs/specs/envelope.md has the field names inside the box."""

    sender_name: str | None = None
    subject: str | None = None
    always_asks: bool = False
    """The gate challenges every reader (a number to type), not only suspected machines."""
    mailed_code: bool = False
    """A reader must type six digits mailed to the recipient; every label is a mail address."""
    language: str | None = None
    """The sender's language, such as `es`, for mail and notifications to the sender."""

    def as_facts(self) -> dict[str, str | None]:
        """Return the fields of the box `message`; the box leaves out None."""
        return {
            "from": self.sender_name,
            "subject": self.subject,
            "second_step": "always" if self.always_asks else None,
            "code": "mailed" if self.mailed_code else None,
            "language": self.language,
        }

    @classmethod
    def from_facts(cls, facts: Mapping[str, str]) -> Self:
        """Read the fields of a box; ignore unknown fields, use defaults for missing ones."""
        return cls(
            sender_name=facts.get("from"),
            subject=facts.get("subject"),
            always_asks=facts.get("second_step") == "always",
            mailed_code=facts.get("code") == "mailed",
            language=facts.get("language"),
        )
