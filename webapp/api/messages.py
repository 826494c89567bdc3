"""The sender's routes of API v1: send, status, recall, replace, change, pause, resume, forget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Response, url_for

from restante.crypto.tokens import ControlToken
from restante.errors import Fault
from restante.events import as_json, rfc3339
from restante.messages import OLDEST, Draft, Page
from webapp import details, notify, rules
from webapp.api.blueprint import bp, respond
from webapp.http import fields, rate_limits, send_access
from webapp.http.budgets import afford, affording
from webapp.http.request import evidence, managing, sending, settings
from webapp.http.send_keys import send_key
from webapp.texts.formatting import rfc3339_or_none

if TYPE_CHECKING:
    from restante.messages import Look
    from restante.reports import LinkStatus


@bp.post("/messages")
@rate_limits.send
def send() -> Response:
    """Send a message and return its tokens."""
    send_access.admit_program()
    body = fields.Body()
    once = send_key()
    body.require(["text"])
    draft = _draft(body)
    sending().check(draft, body.close())
    sent = sending().send(draft, evidence=evidence(), afford=affording(draft), once=once)
    public = settings().public_url
    answer = {
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
    response = respond(answer, 201)
    response.headers["Location"] = url_for("api.status")
    return response


def _draft(body: fields.Body) -> Draft:
    """Return the draft in the request; faults are collected in *body*."""
    given = {
        "text": body.text("text"),
        "recipients": body.texts("recipients"),
        "expires_in_seconds": body.whole("expires_in"),
        "views": body.whole("views"),
        "passphrase": body.text("passphrase"),
        "hold_seconds": body.whole("hold"),
        "details": details.from_body(body),
        "rules": rules.from_body(body),
        **notify.from_body(body, fields.written_bearer())._asdict(),
    }
    return Draft(**{"text": "", **{k: v for k, v in given.items() if v is not None}})


@bp.get("/message")
@rate_limits.status
def status() -> Response:
    """Return the message's status for its sender; `?after=` continues the timeline there.

    With If-None-Match (RFC 9110) the answer is 304 if nothing changed.
    """
    control = fields.bearer(ControlToken)
    return _status(control, Page(after=fields.after(control.message_id)), fields.known_mark())


def _status(control: ControlToken, page: Page, known: str = "") -> Response:
    its = managing().changes(control, known, page)
    if its is None:
        return _marked(Response(status=304), known)
    answer = respond(
        {
            "id": its.message_id.hex(),
            **details.as_json(its.details),
            "views": its.views,
            "notify": notify.as_json(its),
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
    )
    return _marked(answer, its.mark)


def _marked(response: Response, mark: str) -> Response:
    response.headers["ETag"] = f'"{mark}"'
    return response


def _link(link: LinkStatus) -> dict[str, Any]:
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
    }


def _look(look: Look) -> dict[str, Any]:
    return {
        "type": look.kind,
        "at": rfc3339(look.at),
        "link": look.link_id.hex(),
        "class": look.visitor,
        "evidence": dict(look.evidence),
    }


@bp.post("/message/recall")
def recall() -> Response:
    """Recall some links or all, and return a verdict on each."""
    control = fields.bearer(ControlToken)
    body = fields.Body(optional=True)
    link_ids, reason = body.link_ids("links"), body.text("reason")
    verdicts = managing().recall(
        control, link_ids, reason=reason, evidence=evidence(), found=body.close()
    )
    return respond(
        {
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
    )


@bp.post("/message/replace")
@rate_limits.send
@rate_limits.passphrase
def replace() -> Response:
    """Replace the text of all links that are not read yet."""
    control = fields.bearer(ControlToken)
    body = fields.Body()
    body.require(["text"])
    text, passphrase = body.text("text"), body.text("passphrase")
    body.check()
    version, links = sending().replace(
        control, text or "", passphrase=passphrase, evidence=evidence(), afford=afford
    )
    return respond(
        {
            "version": version,
            "links": [{"id": one.link_id.hex(), "outcome": one.outcome} for one in links],
        }
    )


@bp.patch("/message")
@rate_limits.send
def change() -> Response:
    """Move the expiry, earlier or later, or set rules; seconds count from now."""
    control = fields.bearer(ControlToken)
    body = fields.Body()
    has_rules = "rules" in body
    body.require([] if has_rules else ["expires_in"])
    expires_in, given = body.whole("expires_in"), rules.from_body(body)
    if has_rules and expires_in is not None:
        body.faults.append(Fault("rules", "not together with expires_in"))
    body.check()
    if has_rules:
        managing().set_rules(control, given, evidence=evidence())
    else:
        managing().extend(control, expires_in or 0, evidence=evidence())
    return _status(control, OLDEST)


@bp.post("/message/pause")
def pause() -> Response:
    """Let no new reader open the message until it is resumed."""
    control = fields.bearer(ControlToken)
    fields.Body(optional=True).check()
    managing().pause(control, evidence=evidence())
    return Response(status=204)


@bp.post("/message/resume")
@rate_limits.send
def resume() -> Response:
    """End a pause."""
    control = fields.bearer(ControlToken)
    fields.Body(optional=True).check()
    managing().resume(control, evidence=evidence())
    return Response(status=204)


@bp.post("/message/forget")
def forget() -> Response:
    """Delete the message and everything that was recorded of it."""
    control = fields.bearer(ControlToken)
    fields.Body(optional=True).check()
    managing().forget(control)
    return Response(status=204)
