"""How the ways of telling a sender stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from restante_client.fields import Json, text, text_or_none, when_or_none


@dataclass(frozen=True, slots=True)
class Channel:
    """How one way of telling the sender stands: docs/api.md has its states.

    Attributes:
        test: What came of the last test: `waiting`, `delivered`, `failed`, or None.
    """

    channel: str
    state: str
    told_at: datetime | None
    failure: str | None
    test: str | None

    @classmethod
    def of(cls, its: Json) -> Self:
        return cls(
            channel=text(its, "channel"),
            state=text(its, "state"),
            told_at=when_or_none(its, "told_at"),
            failure=text_or_none(its, "failure"),
            test=text_or_none(its, "test"),
        )
