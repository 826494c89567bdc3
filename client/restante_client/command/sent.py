"""The messages that this machine sent: ids, times and control tokens, in a file of its user."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any, Self

from restante_client import Client
from restante_client.addresses import parse_address
from restante_client.command import sealing
from restante_client.command.exits import ENDED, USAGE, Failure
from restante_client.command.files import Store
from restante_client.command.texts import _
from restante_client.models import Sent

SHORTEST = 4
LAST = "last"


@dataclass(frozen=True, slots=True)
class Message:
    """A sent message, as the file keeps it."""

    id: str
    server: str
    subject: str | None
    recipients: tuple[str, ...]
    sent_at: str
    expires_at: str
    control_token: str = field(repr=False)

    @classmethod
    def of(cls, sent: Sent, server: str, subject: str | None) -> Self:
        names = tuple(link.recipient for link in sent.links if link.recipient)
        times = sent.raw["sent_at"], sent.raw["expires_at"]
        return cls(sent.id, server, subject, names, *times, sent.control_token)

    @classmethod
    def parse(cls, kept: dict[str, Any]) -> Self:
        # A later version may have kept more.
        its = {one.name: kept[one.name] for one in fields(cls)}
        return cls(**{**its, "recipients": tuple(kept["recipients"])})

    @property
    def when(self) -> datetime:
        return datetime.fromisoformat(self.sent_at)


def _store() -> Store:
    return Store("sent.json", {})


def listed() -> list[Message]:
    """Return all messages, the newest first."""
    return [Message.parse(one) for one in sealing.unseal(_store().read())]


def keep(message: Message) -> None:
    """Put a message into the list; once, also if it is sent again."""
    _change(lambda kept: [asdict(message), *(one for one in kept if one["id"] != message.id)])


def drop(message_id: str) -> None:
    """Take a message out of the list."""
    _change(lambda kept: [one for one in kept if one["id"] != message_id])


def _change(change: Any) -> None:  # noqa: ANN401 (a function of the list)
    with _store().change() as held:
        kept = change(sealing.unseal(held))
        held.clear()
        held.update(sealing.seal(kept))


def find(written: str) -> Message:
    """Return the message with this id, or the beginning of one; `last` is the newest.

    Raises:
        Failure: There is none, or more than one.
    """
    messages = listed()
    if written == LAST:
        found = messages[:1]
    elif re.fullmatch(rf"[0-9a-f]{{{SHORTEST},32}}", written):
        found = [one for one in messages if one.id.startswith(written)]
    else:
        told = _(
            "Name a message by an id of `restante list`, by `last`, or by - for a control URL"
            " on standard input."
        )
        raise Failure(told, USAGE)
    if not found:
        raise Failure(_("This machine sent no such message: see `restante list`."), ENDED)
    if len(found) > 1:
        raise Failure(_("More than one id begins like this: write more of it."), USAGE)
    return found[0]


def again(client: Client, message: Message) -> Sent:
    """Return what the send of a listed message answered, except for a secret of its webhook."""
    now = client.status(message.control_token)
    links = [
        {
            "id": link.id,
            "recipient": link.recipient,
            "state": link.state,
            "token": parse_address(link.url).token,
            "url": link.url,
        }
        for link in now.links
    ]
    times = {name: now.raw[name] for name in ("sent_at", "opens_at", "expires_at")}
    url = f"{client.server}/s/{message.control_token}"
    its = {"control_token": message.control_token, "control_url": url}
    return Sent.of({"id": now.id, "links": links, **times, **its})
