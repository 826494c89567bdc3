"""All types of events: what each means, and the facts in its `data`.  Scripts record them."""

from typing import Annotated, Any, Literal, NamedTuple, NotRequired, TypedDict

from restante.declared import MOMENT, Example, Form, Id, Like, Time, Words, fields
from restante.messages import Outcome

EVENT_ID = Form(pattern="^[0-9a-f]{32}-[0-9]{1,9}$")


class Nothing(TypedDict):
    """No facts."""


class _RuleTimes(TypedDict):
    tell_unread_at: NotRequired[Annotated[Time, "when the sender is told of unread links"]]
    recall_unread_at: NotRequired[Annotated[Time, "when unread links are recalled"]]


class _Sent(_RuleTimes):
    links: Annotated[int, "how many"]
    views: Annotated[int, "views of each link"]
    passphrase: Annotated[bool, "whether the message has one"]
    files: NotRequired[Annotated[int, "how many, if there are some"]]


class _Version(TypedDict):
    version: Annotated[int, "of the newest text", Example(2)]


_Extended = TypedDict(
    "_Extended",
    {"from": Annotated[Time, "the expiry before"], "to": Annotated[Time, "the expiry now"]},
)


class _Leases(TypedDict):
    leases: Annotated[int, "readers who opened it and can still see it"]


class _View(TypedDict):
    view: Annotated[int, "its number, from 1"]


class _File(_View):
    file: Annotated[int, "its number, from 1"]
    version: Annotated[int, "of the text that it belongs to"]


class _TakenOut(TypedDict):
    file: Annotated[int, "its number, from 1"]
    version: Annotated[int, "of the text that it belongs to"]
    fetched: Annotated[int, "links through which all of it was sent before", Example(0)]
    started: Annotated[int, "links through which a part was sent before", Example(0)]
    not_started: Annotated[int, "links through which nothing of it was sent"]


class _Prolonged(_View):
    until: Annotated[Time, "the new end of the lease"]


class _TriesLeft(TypedDict):
    tries_left: Annotated[int, "tries before the link is locked", Example(9)]


class _Code(TypedDict):
    code: Annotated[int, "the mailed code's number, from 1"]


class _Recalled(TypedDict):
    outcome: Annotated[Outcome, "what the recall achieved"]
    reason: NotRequired[Annotated[str, "the sender's reason"]]
    by: NotRequired[Annotated[Literal["rule"], "a rule recalled it, not the sender"]]
    told_at: NotRequired[Annotated[Time, "when it was written, if a rule recalled it"]]


class _Unread(TypedDict):
    told_at: Annotated[Time, "when it was written: later than `at` if the service was away"]


class _Expired(TypedDict):
    reveals: Annotated[int, "views that were opened before", Example(0)]


class _NotifyChanged(TypedDict, total=False):
    email: Annotated[str, "whether what happens is mailed now", Words(("on", "off")), Example("on")]
    webhook: Annotated[str, "whether it is posted to a webhook now", Words(("on", "off"))]


class EventType(NamedTuple):
    """The facts of one type of event, and what happened."""

    facts: Any
    meaning: str


EVENTS = {
    "message.sent": EventType(_Sent, "The message was sent."),
    "message.replaced": EventType(_Version, "The text was replaced."),
    "message.file_taken_out": EventType(
        _TakenOut, "The sender took a file out. Nobody gets it any more."
    ),
    "message.extended": EventType(_Extended, "The expiry was moved."),
    "message.paused": EventType(_Leases, "The sender paused the message."),
    "message.resumed": EventType(Nothing, "The sender ended the pause."),
    "message.rules_changed": EventType(
        _RuleTimes, "The rules from now on. Without a rule its fact is missing."
    ),
    "message.notify_changed": EventType(
        _NotifyChanged, "Notifications by mail or webhook were switched on or off, or changed."
    ),
    "message.test": EventType(
        Nothing, "The sender tests how they are told. Nothing happened to the message."
    ),
    "link.replaced": EventType(_Version, "This link opens the new text."),
    "link.revealed": EventType(_View, "A view was spent and the text released."),
    "link.acknowledged": EventType(_View, "The text arrived. Once for each view."),
    "link.prolonged": EventType(_Prolonged, "The reader extended the lease."),
    "link.file_started": EventType(
        _File, "A reader began to fetch a file. Once for each view and file."
    ),
    "link.file_fetched": EventType(
        _File, "All of a file was sent to a reader. Once for each view and file."
    ),
    "link.confirmed": EventType(_View, "A reader says: I have read this. Once for each view."),
    "link.disputed": EventType(
        Nothing, "Somebody who did not open this link says: That was not me. At most three."
    ),
    "link.declined": EventType(Nothing, "Somebody says: This is not for me. At most three."),
    "link.passphrase_wrong": EventType(_TriesLeft, "A wrong passphrase was tried."),
    "link.code_requested": EventType(_Code, "A mailed code was asked for."),
    "link.code_failed": EventType(_Code, "The mail server refuses the mail address."),
    "link.code_wrong": EventType(_TriesLeft, "A wrong mailed code was tried."),
    "link.locked": EventType(Nothing, "The tries are used up. No one can open the link any more."),
    "link.failed": EventType(
        Nothing, "A view was spent, but the stored content could not be decrypted."
    ),
    "link.recalled": EventType(_Recalled, "The link was recalled, by the sender or a rule."),
    "link.unread": EventType(_Unread, "A rule tells that nobody had opened the link."),
    "link.expired": EventType(_Expired, "The link expired."),
}
"""By the type's name, `message.…` or `link.…`: an event of a link has its id."""


_FACTS = [fact for event in EVENTS.values() for fact in fields(event.facts)]
FLAGS = {fact.name for fact in _FACTS if fact.kind is bool}
"""Facts that the store keeps as 0 or 1."""
MOMENTS = {fact.name for fact in _FACTS if fact.mark(Form) == MOMENT}
"""Facts that are times, in every type of event."""


class EvidenceShown(TypedDict, total=False):
    """What is recorded of a visit. Unknown values are left out."""

    network: Annotated[str, "cut to /24 (IPv4) or /48 (IPv6)", Example("81.9.128.0/24")]
    country: Annotated[str, "ISO 3166, an estimate from the address", Example("ES")]
    browser: Annotated[str, "its family", Example("Firefox")]
    system: Annotated[str, "its family", Example("Windows")]


class EventShown(TypedDict):
    """Something that happened to a message or to one of its links."""

    id: Annotated[
        str,
        "the message's id and the event's number, from 1 without gaps",
        EVENT_ID,
        Example("2412d9c1b0c1318b89ad199fdd648469-3"),
    ]
    type: Annotated[str, "what happened; later versions may add types", Example("link.revealed")]
    at: Annotated[Time, "when it happened"]
    link: Annotated[
        Id | None,
        "the link's id; `null` if it is about the whole message",
        Example("7b56f32412d9c1b0c1318b89ad199fdd"),
    ]
    data: Annotated[dict[str, Any], "the facts of this type", Example({"view": 1})]
    evidence: Annotated[dict[str, str], Like(EvidenceShown)]


class WebhookData(TypedDict):
    """Which message and link an event is about, and the event."""

    message: Annotated[Id, "the message's id"]
    recipient: Annotated[str | None, "the label of the event's link, if it has one", Example("Ana")]
    event: EventShown


class WebhookBody(TypedDict):
    """What is posted to the sender's own system. `docs/specs/webhook.md` specifies the request."""

    type: Annotated[str, "the event's type", Example("link.revealed")]
    timestamp: Annotated[Time, "when it happened"]
    data: WebhookData
