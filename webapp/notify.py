"""Reads how a sender wants to be told, from form or API request; the channels check it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NamedTuple, TypedDict

from restante.channels.webhook_formats import FORMATS, STANDARD
from restante.crypto.tokens import SenderToken
from restante.declared import Bounds, Words
from restante.errors import Fault, NotASender
from restante.notices import DEFAULTS, EVENTS, Notice
from restante.ssrf import URL_MAX
from restante.zones import is_zone
from webapp.http.body import LIST_MOST
from webapp.http.request import read_cookie
from webapp.http.zone import COOKIE as ZONE_COOKIE
from webapp.http.zone import FIELD as ZONE_FIELD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from restante.reports import Status


EMAIL, LINK, SHOWN = "notify.email", "notify.control_link", "notify.shown"
WEBHOOK, FORMAT = "notify.webhook", "notify.webhook_format"
FIELDS = (EMAIL, LINK, SHOWN, WEBHOOK, FORMAT, *(f"notify.{name}" for name in EVENTS))
"""The fields of a page's form; SHOWN tells that nothing ticked means nothing."""


class Notify(NamedTuple):
    """The field `notify` of a send."""

    webhook: str | None
    webhook_format: str
    notice: Notice | None


class MailAsked(TypedDict, total=False):
    """What is mailed to you. Without `email`: nothing."""

    email: Annotated[str, "your mail address; its owner is asked first"]
    events: Annotated[list[Annotated[str, Words(EVENTS)]], "what is mailed", Bounds(1, LIST_MOST)]
    time_zone: Annotated[str, "for times in mails, as `Europe/Madrid`; default UTC"]
    control_link: Annotated[bool, "`true`: each mail has a link to the control page"]


class WebhookAsked(TypedDict, total=False):
    """Where events are posted. Without `webhook`: nowhere."""

    webhook: Annotated[
        str,
        "the URL of your system that receives every event, `https://…`",
        Bounds(1, URL_MAX),
    ]
    webhook_format: Annotated[
        str,
        "`standard`: every event as JSON. `ntfy`, `slack`: a short text of what `events` can name",
        Words(FORMATS),
    ]


class NotifyFields(MailAsked, WebhookAsked, total=False):
    """How you are told of events."""


class NotifyShown(TypedDict, total=False):
    """How you are told of events. The last three fields are there with `email`."""

    webhook: Annotated[str, "the URL"]
    webhook_format: Annotated[str, "with a webhook, if it is not `standard`", Words(FORMATS)]
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
    found: list[Fault] = []
    notice = notice_from(its, found, _owner(sender_token))
    form = webhook_format(its, found)
    faults += [Fault(f"notify.{one.field}", one.detail) for one in found]
    return Notify(its.get("webhook"), form, notice)


def webhook_format(asked: WebhookAsked, faults: list[Fault]) -> str:
    """Return the format of the webhook in a request; without a webhook there is none."""
    if "webhook_format" in asked and "webhook" not in asked:
        faults.append(Fault("webhook_format", "needs webhook"))
    return asked.get("webhook_format", STANDARD)


def notice_from(asked: MailAsked, faults: list[Fault], owner: bytes | None = None) -> Notice | None:
    """Return what a request wants to be mailed; None without an address."""
    address, events, zone = asked.get("email"), asked.get("events"), asked.get("time_zone")
    has_link = asked.get("control_link", False)
    if address is None:
        needy = {"events": events, "time_zone": zone, "control_link": has_link}
        faults += [Fault(name, "needs email") for name, its in needy.items() if its]
        return None
    chosen = DEFAULTS if events is None else tuple(dict.fromkeys(events))
    return Notice(address, chosen, zone, has_link, owner)


def from_form(form: Mapping[str, str]) -> Notice | None:
    """Return what a page's form wants; None without an address."""
    address, zone = form.get(EMAIL, "").strip(), form.get(ZONE_FIELD) or read_cookie(ZONE_COOKIE)
    if not address:
        return None
    events = tuple(name for name in EVENTS if form.get(f"notify.{name}"))
    # The page's script names the time zone: what this machine does not know is left out.
    return Notice(address, events, zone if is_zone(zone) else None, bool(form.get(LINK)))


def webhook_from_form(form: Mapping[str, str]) -> tuple[str | None, str]:
    """Return URL and format of the webhook in a page's form."""
    return form.get(WEBHOOK, "").strip() or None, form.get(FORMAT) or STANDARD


def as_form(status: Status) -> dict[str, str]:
    """Return the form's fields for what is told now."""
    hook = {WEBHOOK: status.webhook, FORMAT: status.webhook_format} if status.webhook else {}
    return hook | _mails_as_form(status.notice)


def _mails_as_form(notice: Notice | None) -> dict[str, str]:
    if notice is None:
        return {}
    ticked = dict.fromkeys((f"notify.{name}" for name in notice.events), "yes")
    link = {LINK: "yes"} if notice.has_link else {}
    return {EMAIL: notice.address, SHOWN: "yes", **ticked, **link}


def as_json(status: Status) -> NotifyShown | None:
    """Return the field `notify` of a status."""
    told: NotifyShown = {"webhook": status.webhook} if status.webhook else {}
    if status.webhook and status.webhook_format != STANDARD:
        told["webhook_format"] = status.webhook_format
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
