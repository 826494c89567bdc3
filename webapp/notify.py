"""Reads how a sender wants to be told, from form or API request; the channels check it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NamedTuple, TypedDict

from restante.crypto.tokens import SenderToken
from restante.declared import Bounds, Example, Words
from restante.errors import Fault, NotASender
from restante.notices import DEFAULTS, EVENTS, Notice
from restante.ssrf import URL_MAX
from webapp.http.body import LIST_MOST

if TYPE_CHECKING:
    from restante.reports import Status


class Notify(NamedTuple):
    """The field `notify` of a send."""

    webhook: str | None
    notice: Notice | None


class NotifyFields(TypedDict, total=False):
    """How you are told of events."""

    webhook: Annotated[
        str,
        "the URL of your system that receives every event, `https://…`",
        Bounds(1, URL_MAX),
        Example("https://hooks.example.com/restante"),
    ]
    email: Annotated[str, "your mail address; its owner is asked first"]
    events: Annotated[list[Annotated[str, Words(EVENTS)]], "what is mailed", Bounds(1, LIST_MOST)]
    time_zone: Annotated[str, "for times in mails, as `Europe/Madrid`; default UTC"]
    control_link: Annotated[bool, "`true`: each mail has a link to the control page"]


class NotifyShown(TypedDict, total=False):
    """How you are told of events. The last three fields are there with `email`."""

    webhook: Annotated[str, "the URL", Example("https://hooks.example.com/restante")]
    email: Annotated[str, "your mail address"]
    events: Annotated[list[Annotated[str, Words(EVENTS)]], "what is mailed"]
    time_zone: Annotated[str | None, "for times in mails; `null` for UTC"]
    control_link: Annotated[bool, "whether each mail has a link to the control page"]


class NotifyAsked(TypedDict, total=False):
    """How a sender wants to be told, in an API request."""

    notify: NotifyFields


def from_body(asked: NotifyAsked, sender_token: str, faults: list[Fault]) -> Notify:
    """Return what an API request wants; add to its *faults*.

    The owner of the consent is the holder of the sender token, if the request has one.
    """
    its = asked.get("notify", {})
    webhook, address = its.get("webhook"), its.get("email")
    events, zone = its.get("events"), its.get("time_zone")
    has_link = its.get("control_link", False)
    if address is None:
        needy = {"events": events, "time_zone": zone, "control_link": has_link}
        faults += [Fault(f"notify.{name}", "needs email") for name, its in needy.items() if its]
        return Notify(webhook, None)
    its_events = DEFAULTS if events is None else tuple(dict.fromkeys(events))
    return Notify(webhook, Notice(address, its_events, zone, has_link, _owner(sender_token)))


def as_json(status: Status) -> NotifyShown | None:
    """Return the field `notify` of a status."""
    told: NotifyShown = {"webhook": status.webhook} if status.webhook else {}
    if its := status.notice:
        told["email"] = its.address
        told["events"] = list(its.events)
        told["time_zone"] = its.zone
        told["control_link"] = its.has_link
    return told or None


def _owner(written: str) -> bytes | None:
    # Anyone can make up a token that looks right: its id is then that person's alone, too.
    try:
        return SenderToken.parse(written).token_id
    except NotASender:
        return None
