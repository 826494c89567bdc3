"""Messages as their sender sees them.  Fields that are not known yet are in `raw`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

FINAL = frozenset({"spent", "recalled", "expired", "locked"})
"""States of links that nobody can open any more."""

Json = Mapping[str, Any]


def when(written: str) -> datetime:
    """Return a time of the API; with time zone UTC."""
    return datetime.fromisoformat(written)


def when_or_none(written: str | None) -> datetime | None:
    """Return a time of the API, or None if it did not happen."""
    return None if written is None else when(written)


@dataclass(frozen=True, slots=True)
class SentLink:
    """A new link.  Anyone who has its URL or token can open the message."""

    id: str
    recipient: str | None
    state: str
    token: str = field(repr=False)
    url: str = field(repr=False)


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
            id=its["id"],
            sent_at=when(its["sent_at"]),
            opens_at=when(its["opens_at"]),
            expires_at=when(its["expires_at"]),
            links=tuple(
                SentLink(one["id"], one["recipient"], one["state"], one["token"], one["url"])
                for one in its["links"]
            ),
            control_token=its["control_token"],
            control_url=its["control_url"],
            webhook_secret=its.get("webhook_secret"),
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
    url: str = field(repr=False)
    raw: Json = field(repr=False)

    @property
    def ended(self) -> bool:
        return self.state in FINAL

    @classmethod
    def of(cls, its: Json) -> Self:
        return cls(
            id=its["id"],
            recipient=its["recipient"],
            state=its["state"],
            views_left=its["views_left"],
            reveals=its["reveals"],
            first_revealed_at=when_or_none(its["first_revealed_at"]),
            last_revealed_at=when_or_none(its["last_revealed_at"]),
            acknowledged_at=when_or_none(its["acknowledged_at"]),
            confirmed_at=when_or_none(its["confirmed_at"]),
            unread_at=when_or_none(its["unread_at"]),
            url=its["url"],
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
        evidence = its.get("evidence") or {}
        return cls(its["id"], its["type"], when(its["at"]), its["link"], its["data"], evidence, its)


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
        evidence = its.get("evidence") or {}
        return cls(its["type"], when(its["at"]), its["link"], its["class"], evidence)


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
    raw: Json = field(repr=False)

    @property
    def ended(self) -> bool:
        """Nobody can open any of its links any more."""
        return all(link.ended for link in self.links)

    @classmethod
    def of(cls, its: Json) -> Self:
        return cls(
            id=its["id"],
            sender_name=its["from"],
            subject=its["subject"],
            views=its["views"],
            version=its["version"],
            sent_at=when(its["sent_at"]),
            opens_at=when(its["opens_at"]),
            expires_at=when(its["expires_at"]),
            paused_at=when_or_none(its["paused_at"]),
            tell_unread_at=when_or_none(its["rules"]["tell_unread_at"]),
            recall_unread_at=when_or_none(its["rules"]["recall_unread_at"]),
            links=tuple(map(LinkStatus.of, its["links"])),
            events=tuple(map(Event.of, its["events"])),
            events_total=its["events_total"],
            more_events=its["more_events"],
            looks=tuple(map(Look.of, its["looks"])),
            raw=its,
        )
