"""Messages as their sender sees them.  Fields that are not known yet are in `raw`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from restante_client.addresses import CONTROL, LINK, parse_address
from restante_client.channels import Channel
from restante_client.fields import (
    Json,
    inner,
    inners,
    number,
    text,
    text_or_none,
    truth,
    when,
    when_or_none,
    whole,
)
from restante_client.files import FileStatus

FINAL = frozenset({"spent", "recalled", "expired", "locked"})
"""States of links that nobody can open any more."""


def address(its: Json, name: str, kind: str) -> str:
    """Return a token of this kind, or a URL with one; neither can drive a terminal.

    Raises:
        ValueError: It is something else.
    """
    if parse_address(text(its, name)).kind != kind:
        message = f"{name} is neither a URL nor a token of Restante"
        raise ValueError(message)
    return text(its, name)


def _evidence(its: Json) -> dict[str, str]:
    found = its.get("evidence") or {}
    return {name: text(found, name) for name in whole(found)}


@dataclass(frozen=True, slots=True)
class SentLink:
    """A new link.  Anyone who has its URL or token can open the message."""

    id: str
    recipient: str | None
    state: str
    token: str = field(repr=False)
    url: str = field(repr=False)

    @classmethod
    def of(cls, its: Json) -> Self:
        return cls(
            id=text(its, "id"),
            recipient=text_or_none(its, "recipient"),
            state=text(its, "state"),
            token=address(its, "token", LINK),
            url=address(its, "url", LINK),
        )


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that was sent.  Its control token can do everything with it: keep it secret."""

    id: str
    sent_at: datetime
    opens_at: datetime
    expires_at: datetime
    links: tuple[SentLink, ...]
    control_token: str = field(repr=False)
    control_url: str = field(repr=False)
    webhook_secret: str | None = field(repr=False)
    raw: Json = field(repr=False)

    @classmethod
    def of(cls, its: Json) -> Self:
        return cls(
            id=text(its, "id"),
            sent_at=when(its, "sent_at"),
            opens_at=when(its, "opens_at"),
            expires_at=when(its, "expires_at"),
            links=tuple(map(SentLink.of, inners(its, "links"))),
            control_token=address(its, "control_token", CONTROL),
            control_url=address(its, "control_url", CONTROL),
            webhook_secret=text(its, "webhook_secret") if "webhook_secret" in its else None,
            raw=its,
        )


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """One link of a message, as its sender sees it."""

    id: str
    recipient: str | None
    state: str
    views_left: int
    reveals: int
    first_revealed_at: datetime | None
    last_revealed_at: datetime | None
    acknowledged_at: datetime | None
    confirmed_at: datetime | None
    unread_at: datetime | None
    version: int
    files: tuple[FileStatus, ...]
    url: str = field(repr=False)
    raw: Json = field(repr=False)

    @property
    def ended(self) -> bool:
        return self.state in FINAL

    @classmethod
    def of(cls, its: Json) -> Self:
        return cls(
            id=text(its, "id"),
            recipient=text_or_none(its, "recipient"),
            state=text(its, "state"),
            views_left=number(its, "views_left"),
            reveals=number(its, "reveals"),
            first_revealed_at=when_or_none(its, "first_revealed_at"),
            last_revealed_at=when_or_none(its, "last_revealed_at"),
            acknowledged_at=when_or_none(its, "acknowledged_at"),
            confirmed_at=when_or_none(its, "confirmed_at"),
            unread_at=when_or_none(its, "unread_at"),
            # An earlier service does not tell these.
            version=number(its, "version") if "version" in its else 1,
            files=tuple(map(FileStatus.of, inners(its, "files") if "files" in its else ())),
            url=address(its, "url", LINK),
            raw=its,
        )


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened; `link` is a link's id, or None if it is about the message."""

    id: str
    type: str
    at: datetime
    link: str | None
    data: Json
    evidence: Mapping[str, str]
    raw: Json = field(repr=False)

    @classmethod
    def of(cls, its: Json) -> Self:
        return cls(
            id=text(its, "id"),
            type=text(its, "type"),
            at=when(its, "at"),
            link=text_or_none(its, "link"),
            data=inner(its, "data"),
            evidence=_evidence(its),
            raw=its,
        )


@dataclass(frozen=True, slots=True)
class Look:
    """A visit that spent no view; `kind` is its class, such as `browser` or `preview_bot`."""

    type: str
    at: datetime
    link: str
    kind: str
    evidence: Mapping[str, str]

    @classmethod
    def of(cls, its: Json) -> Self:
        return cls(
            type=text(its, "type"),
            at=when(its, "at"),
            link=text(its, "link"),
            kind=text(its, "class"),
            evidence=_evidence(its),
        )


@dataclass(frozen=True, slots=True)
class Status:
    """A message as its sender sees it, with up to 500 events of its timeline."""

    id: str
    sender_name: str | None
    subject: str | None
    views: int
    version: int
    sent_at: datetime
    opens_at: datetime
    expires_at: datetime
    paused_at: datetime | None
    tell_unread_at: datetime | None
    recall_unread_at: datetime | None
    links: tuple[LinkStatus, ...]
    events: tuple[Event, ...]
    events_total: int
    more_events: bool
    looks: tuple[Look, ...]
    channels: tuple[Channel, ...]
    raw: Json = field(repr=False)

    @property
    def ended(self) -> bool:
        """Nobody can open any of its links any more."""
        return all(link.ended for link in self.links)

    @classmethod
    def of(cls, its: Json) -> Self:
        rules = inner(its, "rules")
        return cls(
            id=text(its, "id"),
            sender_name=text_or_none(its, "from"),
            subject=text_or_none(its, "subject"),
            views=number(its, "views"),
            version=number(its, "version"),
            sent_at=when(its, "sent_at"),
            opens_at=when(its, "opens_at"),
            expires_at=when(its, "expires_at"),
            paused_at=when_or_none(its, "paused_at"),
            tell_unread_at=when_or_none(rules, "tell_unread_at"),
            recall_unread_at=when_or_none(rules, "recall_unread_at"),
            links=tuple(map(LinkStatus.of, inners(its, "links"))),
            events=tuple(map(Event.of, inners(its, "events"))),
            events_total=number(its, "events_total"),
            more_events=truth(its, "more_events"),
            looks=tuple(map(Look.of, inners(its, "looks"))),
            # An earlier service does not tell them.
            channels=tuple(map(Channel.of, inners(its, "channels") if "channels" in its else ())),
            raw=its,
        )
