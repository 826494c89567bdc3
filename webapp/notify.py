"""Reads how a sender wants to be told, from form or API request; the channels check it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from restante.crypto.tokens import SenderToken
from restante.errors import NotASender
from restante.notices import DEFAULTS, Notice

if TYPE_CHECKING:
    from restante.reports import Status
    from webapp.http.fields import Body


class Notify(NamedTuple):
    """The field `notify` of a send."""

    webhook: str | None
    notice: Notice | None


def from_body(body: Body, sender_token: str) -> Notify:
    """Return what an API request wants; faults are collected in *body*.

    The owner of the consent is the holder of the sender token, if the request has one.
    """
    its = body.inner("notify")
    webhook, address = its.text("webhook"), its.text("email")
    events, zone = its.texts("events"), its.text("time_zone")
    has_link = its.flag("control_link") or False
    if address is None:
        its.refuse("email", {"events": events, "time_zone": zone, "control_link": has_link})
        return Notify(webhook, None)
    its_events = DEFAULTS if events is None else tuple(dict.fromkeys(events))
    return Notify(webhook, Notice(address, its_events, zone, has_link, _owner(sender_token)))


def as_json(status: Status) -> dict[str, Any] | None:
    """Return the field `notify` of a status."""
    told: dict[str, Any] = {"webhook": status.webhook} if status.webhook else {}
    if its := status.notice:
        told |= {
            "email": its.address,
            "events": list(its.events),
            "time_zone": its.zone,
            "control_link": its.has_link,
        }
    return told or None


def _owner(written: str) -> bytes | None:
    # Anyone can make up a token that looks right: its id is then that person's alone, too.
    try:
        return SenderToken.parse(written).token_id
    except NotASender:
        return None
