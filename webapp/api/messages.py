"""The sender's routes of API v1: send, status, recall, replace, change, pause, resume, forget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from flask import Response

from restante.crypto.send_key import SendKey
from restante.crypto.tokens import ControlToken
from restante.errors import Fault, Gone, Invalid, KeyReused, PassphraseRequired
from restante.event_types import EVENT_ID
from restante.events import as_json, rfc3339
from restante.messages import OLDEST, Draft, NewFile, Page
from webapp import details, notify, rules
from webapp.api.answers import Channel, Link, Look, Message, Replaced, Sent, Verdicts
from webapp.api.blueprint import bp, respond
from webapp.api.operation import Mark, operation
from webapp.api.requests import Change, Nothing, Recall, Replace, Send
from webapp.http import fields, rate_limits, send_access
from webapp.http.budgets import afford, affording
from webapp.http.request import evidence, managing, sending, settings
from webapp.texts.formatting import rfc3339_or_none

if TYPE_CHECKING:
    from collections.abc import Iterable

    from restante import messages
    from restante.channel_states import Standing
    from restante.reports import LinkStatus
    from webapp.api.requests import FileAsked

After = Annotated[str | None, Mark.QUERY, "the events after this one", EVENT_ID]
KnownMark = Annotated[str, Mark.IF_NONE_MATCH]
CHANGES = {"expires_in", "rules"}


@bp.post("/messages")
@rate_limits.send
@operation(
    status=201, admits=send_access.admit_program, location="api.status", problems=(KeyReused,)
)
def send(once: SendKey | None, asked: Send, faults: list[Fault]) -> Sent:
    """Send a message, with one link for each recipient: all or nothing.

    With an `Idempotency-Key` the same request gets the same answer for a day and sends nothing
    more.
    """
    draft = _draft(asked, faults)
    sending().check(draft, faults)
    sent = sending().send(draft, evidence=evidence(), afford=affording(draft), once=once)
    public = settings().public_url
    answer: Sent = {
        "id": sent.message_id.hex(),
        "control_token": str(sent.control),
        "control_url": f"{public}/s/{sent.control}",
        "sent_at": rfc3339(sent.sent_at),
        "opens_at": rfc3339(sent.opens_at),
        "expires_at": rfc3339(sent.expires_at),
        "links": [
            {
                "id": link.link_id.hex(),
                "recipient": link.recipient,
                "token": str(link.token),
                "url": f"{public}/m/{link.token}",
                "state": link.state,
            }
            for link in sent.links
        ],
    }
    if sent.webhook_secret:
        answer["webhook_secret"] = sent.webhook_secret
    return answer


def _draft(asked: Send, faults: list[Fault]) -> Draft:
    """Return the draft in the request; a field at fault is missing."""
    told = notify.from_body(asked, fields.written_bearer(), faults)
    return Draft(
        text=asked.get("text", ""),
        details=details.from_body(asked),
        recipients=tuple(asked.get("recipients", ())),
        expires_in_seconds=asked.get("expires_in"),
        views=asked.get("views", 1),
        passphrase=asked.get("passphrase"),
        hold_seconds=asked.get("hold", 0),
        webhook=told.webhook,
        webhook_format=told.webhook_format,
        notice=told.notice,
        rules=rules.from_body(asked),
        files=_files(asked.get("files", ())),
    )


def _files(asked: Iterable[FileAsked]) -> tuple[NewFile, ...]:
    return tuple(
        NewFile(its.get("upload", ""), its.get("name", ""), its.get("type", "")) for its in asked
    )


@bp.get("/message")
@rate_limits.status
@operation()
def status(control: ControlToken, after: After, known: KnownMark) -> Message | Response:
    """Return the message: its links, a page of its events, and its looks.

    `after` continues the events there. Every answer has all links. With `If-None-Match` the answer
    is 304 if nothing changed.
    """
    return _status(control, Page(after=fields.event_number(after, control.message_id)), known)


def _status(control: ControlToken, page: Page, known: str = "") -> Response:
    its = managing().changes(control, known, page)
    if its is None:
        return _marked(Response(status=304), known)
    answer: Message = {
        "id": its.message_id.hex(),
        **details.as_json(its.details),
        "views": its.views,
        "notify": notify.as_json(its),
        "channels": [_channel(one) for one in its.channels],
        "sent_at": rfc3339(its.sent_at),
        "opens_at": rfc3339(its.opens_at),
        "expires_at": rfc3339(its.expires_at),
        "paused_at": rfc3339_or_none(its.paused_at),
        **rules.as_json(its),
        "version": its.version,
        "links": [_link(link) for link in its.links],
        "events": [as_json(event, its.message_id) for event in its.events],
        "events_total": its.events_total,
        "more_events": its.has_newer,
        "looks": [_look(look) for look in its.looks],
    }
    return _marked(respond(answer), its.mark)


def _marked(response: Response, mark: str) -> Response:
    response.headers["ETag"] = f'"{mark}"'
    return response


def _link(link: LinkStatus) -> Link:
    return {
        "id": link.link_id.hex(),
        "recipient": link.recipient,
        "url": f"{settings().public_url}/m/{link.token}",
        "state": link.state,
        "views_left": link.views_left,
        "reveals": link.reveals,
        "first_revealed_at": rfc3339_or_none(link.first_revealed_at),
        "last_revealed_at": rfc3339_or_none(link.last_revealed_at),
        "acknowledged_at": rfc3339_or_none(link.acknowledged_at),
        "confirmed_at": rfc3339_or_none(link.confirmed_at),
        "on_screen_seconds": link.on_screen_seconds,
        "disputed_at": rfc3339_or_none(link.disputed_at),
        "declined_at": rfc3339_or_none(link.declined_at),
        "unread_at": rfc3339_or_none(link.unread_at),
        "version": link.version,
        "files": [
            {
                "number": its.number,
                "name": its.name,
                "size": its.size,
                "sent": its.sent,
                "taken_out_at": rfc3339_or_none(its.taken_out_at),
            }
            for its in link.files
        ],
    }


def _channel(its: Standing) -> Channel:
    return {
        "channel": its.channel,
        "state": its.state,
        "told_at": rfc3339_or_none(its.told_at),
        "failure": its.failure,
        "test": its.tested,
    }


def _look(look: messages.Look) -> Look:
    return {
        "type": look.kind,
        "at": rfc3339(look.at),
        "link": look.link_id.hex(),
        "class": look.visitor,
        "evidence": dict(look.evidence),
    }


@bp.post("/message/recall")
@operation()
def recall(control: ControlToken, asked: Recall, faults: list[Fault]) -> Verdicts:
    """Destroy access through these links, or all, and return a verdict on each.

    A repeated request returns the first verdict and the first time.
    """
    link_ids = fields.link_ids(asked.get("links", ()), "links", faults)
    verdicts = managing().recall(
        control, link_ids, reason=asked.get("reason"), evidence=evidence(), found=faults
    )
    return {
        "verdicts": [
            {
                "link": verdict.link_id.hex(),
                "recipient": verdict.recipient,
                "outcome": verdict.outcome,
                "reveals": verdict.reveals,
                "first_revealed_at": rfc3339_or_none(verdict.first_revealed_at),
                "acknowledged_at": rfc3339_or_none(verdict.acknowledged_at),
                "recalled_at": rfc3339(verdict.recalled_at),
                "by": "rule" if verdict.by_rule else "sender",
            }
            for verdict in verdicts
        ]
    }


@bp.post("/message/replace")
@rate_limits.send
@rate_limits.passphrase
@operation(problems=(PassphraseRequired,))
def replace(control: ControlToken, asked: Replace) -> Replaced:
    """Replace text and files of the links that nobody has opened."""
    version, links = sending().replace(
        control,
        asked["text"],
        files=_files(asked.get("files", ())),
        passphrase=asked.get("passphrase"),
        evidence=evidence(),
        afford=afford,
    )
    return {
        "version": version,
        "links": [{"id": one.link_id.hex(), "outcome": one.outcome} for one in links],
    }


@bp.patch("/message")
@rate_limits.send
@operation(problems=(Gone,))
def change(
    control: ControlToken, asked: Annotated[Change, Mark.ONE_FIELD], faults: list[Fault]
) -> Message | Response:
    """Move the expiry of all links that have not ended, or change the rules.

    Seconds count from now. The answer is that of `GET /message`.
    """
    if "expires_in" in asked and "rules" in asked:
        faults.append(Fault("rules", "not together with expires_in"))
    if not asked and not {fault.field.partition(".")[0] for fault in faults} & CHANGES:
        faults.append(Fault("expires_in", "required"))
    if faults:
        raise Invalid(faults)
    if "rules" in asked:
        managing().set_rules(control, rules.from_body(asked), evidence=evidence())
    else:
        managing().extend(control, asked["expires_in"], evidence=evidence())
    return _status(control, OLDEST)


@bp.post("/message/pause")
@operation(problems=(Gone,))
def pause(control: ControlToken, _: Nothing) -> None:
    """Let no new reader open the message until it is resumed.

    A second pause changes nothing.
    """
    managing().pause(control, evidence=evidence())


@bp.post("/message/resume")
@rate_limits.send
@operation(problems=(Gone,))
def resume(control: ControlToken, _: Nothing) -> None:
    """End a pause.

    It is also right if the message was not paused.
    """
    managing().resume(control, evidence=evidence())


@bp.post("/message/forget")
@operation()
def forget(control: ControlToken, _: Nothing) -> None:
    """Delete the message and everything that was recorded of it.

    It is also right if there is no such message.
    """
    managing().forget(control)
