"""What a recall and a replace achieved, and what a recipient gets."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from restante_client.fields import (
    Json,
    inners,
    number,
    text,
    text_or_none,
    truth,
    when,
    when_or_none,
)
from restante_client.files import File, files_of, files_token_of


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a recall achieved for one link; with 0 `reveals` nobody got the text through it.

    `by` is `rule` if a rule had recalled it before, else `sender`.
    """

    link: str
    recipient: str | None
    outcome: str
    reveals: int
    first_revealed_at: datetime | None
    acknowledged_at: datetime | None
    recalled_at: datetime
    by: str
    raw: Json = field(repr=False)

    @property
    def unread(self) -> bool:
        """Nobody got the text through this link, and nobody will."""
        return self.reveals == 0

    @classmethod
    def of(cls, its: Json) -> Self:
        return cls(
            link=text(its, "link"),
            recipient=text_or_none(its, "recipient"),
            outcome=text(its, "outcome"),
            reveals=number(its, "reveals"),
            first_revealed_at=when_or_none(its, "first_revealed_at"),
            acknowledged_at=when_or_none(its, "acknowledged_at"),
            recalled_at=when(its, "recalled_at"),
            by=text(its, "by"),
            raw=its,
        )


@dataclass(frozen=True, slots=True)
class FileVerdict:
    """What was sent of a file through one link before it was taken out.

    `outcome` is `fetched`, `started` (perhaps they have all of it) or `not_started`.
    """

    link: str
    recipient: str | None
    outcome: str
    sent: int | None
    raw: Json = field(repr=False)

    @classmethod
    def of(cls, its: Json) -> Self:
        return cls(
            link=text(its, "link"),
            recipient=text_or_none(its, "recipient"),
            outcome=text(its, "outcome"),
            sent=None if its["sent"] is None else number(its, "sent"),
            raw=its,
        )


@dataclass(frozen=True, slots=True)
class TakenOut:
    """A file that its sender took out; `verdicts` has one for each link that has its version."""

    version: int
    number: int
    name: str
    taken_out_at: datetime
    verdicts: list[FileVerdict]
    raw: Json = field(repr=False)

    @classmethod
    def of(cls, its: Json) -> Self:
        return cls(
            version=number(its, "version"),
            number=number(its, "number"),
            name=text(its, "name"),
            taken_out_at=when(its, "taken_out_at"),
            verdicts=[FileVerdict.of(one) for one in inners(its, "verdicts")],
            raw=its,
        )


@dataclass(frozen=True, slots=True)
class ReplacedLink:
    """What a replace did to one link: `replaced`, or `already_` and its state."""

    id: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Replaced:
    """The newest version of the text, and which links have it."""

    version: int
    links: tuple[ReplacedLink, ...]
    raw: Json = field(repr=False)

    @classmethod
    def of(cls, its: Json) -> Self:
        links = tuple(
            ReplacedLink(text(one, "id"), text(one, "outcome")) for one in inners(its, "links")
        )
        return cls(number(its, "version"), links, its)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a visitor of a link may know before a view is spent."""

    state: str
    sender_name: str | None
    views_left: int
    needs_passphrase: bool
    needs_code: bool
    paused: bool
    opens_at: datetime
    expires_at: datetime
    raw: Json = field(repr=False)

    @classmethod
    def of(cls, its: Json) -> Self:
        return cls(
            state=text(its, "state"),
            sender_name=text_or_none(its, "from"),
            views_left=number(its, "views_left"),
            needs_passphrase=truth(its, "needs_passphrase"),
            needs_code=truth(its, "needs_code"),
            paused=truth(its, "paused"),
            opens_at=when(its, "opens_at"),
            expires_at=when(its, "expires_at"),
            raw=its,
        )


@dataclass(frozen=True, slots=True)
class Opened:
    """A message that was opened.  Until `lease_until` the same reader key gets it again."""

    state: str
    views_left: int
    lease_until: datetime
    text: str = field(repr=False)
    files: tuple[File, ...]
    files_token: str | None = field(repr=False)
    raw: Json = field(repr=False)

    @classmethod
    def of(cls, its: Json) -> Self:
        has_files = "files" in its  # an earlier service has none
        return cls(
            state=text(its, "state"),
            views_left=number(its, "views_left"),
            lease_until=when(its, "lease_until"),
            text=text(its, "text"),
            files=files_of(its) if has_files else (),
            files_token=files_token_of(its) if has_files else None,
            raw=its,
        )
