"""The routes of API v1: JSON, bearer tokens, RFC 9457 problems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, json, url_for

from restante.crypto.tokens import ControlToken, LinkToken
from restante.errors import Gone
from restante.events import as_json, rfc3339
from restante.messages import OLDEST, Draft, Page, State
from webapp import details
from webapp.http import fields, rate_limits, send_access
from webapp.http.budgets import afford
from webapp.http.request import answering, evidence, managing, reading, sending, settings
from webapp.http.visitors import look_at, visitor
from webapp.texts.formatting import rfc3339_or_none
from webapp.texts.states import language

if TYPE_CHECKING:
    from restante.messages import Look
    from restante.reports import LinkStatus

bp = Blueprint("api", __name__, url_prefix="/api/v1")


def _json(value: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(value), status, mimetype="application/json")


@bp.post("/messages")
@rate_limits.send
def send() -> Response:
    """Send a message and return its tokens."""
    send_access.admit_program()
    body = fields.Body()
    body.require(["text"])
    draft = _draft(body)
    sending().check(draft, body.close())
    sent = sending().send(draft, evidence=evidence(), afford=afford)
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
    response = _json(answer, 201)
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
        "webhook": body.within("notify", "webhook"),
    }
    return Draft(**{"text": "", **{k: v for k, v in given.items() if v is not None}})  # type: ignore[arg-type]


@bp.get("/message")
@rate_limits.status
def status() -> Response:
    """Return the message's status for its sender; `?after=` continues the timeline there."""
    control = fields.bearer(ControlToken)
    return _status(control, Page(after=fields.after(control.message_id)))


def _status(control: ControlToken, page: Page) -> Response:
    its = managing().status(control, page)
    return _json(
        {
            "id": its.message_id.hex(),
            **details.as_json(its.details),
            "views": its.views,
            "notify": {"webhook": its.webhook} if its.webhook else None,
            "sent_at": rfc3339(its.sent_at),
            "opens_at": rfc3339(its.opens_at),
            "expires_at": rfc3339(its.expires_at),
            "version": its.version,
            "links": [_link(link) for link in its.links],
            "events": [as_json(event, its.message_id) for event in its.events],
            "events_total": its.events_total,
            "more_events": its.has_newer,
            "looks": [_look(look) for look in its.looks],
        }
    )


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
    return _json(
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
    return _json(
        {
            "version": version,
            "links": [{"id": one.link_id.hex(), "outcome": one.outcome} for one in links],
        }
    )


@bp.patch("/message")
@rate_limits.send
def extend() -> Response:
    """Move the expiry, earlier or later; seconds count from now."""
    control = fields.bearer(ControlToken)
    body = fields.Body()
    body.require(["expires_in"])
    expires_in = body.whole("expires_in")
    body.check()
    managing().extend(control, expires_in or 0, evidence=evidence())
    return _status(control, OLDEST)


@bp.get("/link")
@rate_limits.preview
def preview() -> Response:
    """Return what the gate shows."""
    link = fields.bearer(LinkToken)
    seen = look_at(link)
    if seen.state.final:
        raise Gone(seen.state, reason=seen.reason, ended_at=seen.ended_at)
    return _json(
        {
            "state": seen.state,
            "from": seen.details.sender_name,
            "opens_at": rfc3339(seen.opens_at),
            "expires_at": rfc3339(seen.expires_at),
            "views_left": seen.views_left,
            "needs_passphrase": seen.needs_passphrase,
            "needs_code": seen.needs_code,
        }
    )


@bp.post("/link/reveal")
@rate_limits.passphrase
@rate_limits.reveal
def reveal() -> Response:
    """Spend a view for the reader whose key is in the header Idempotency-Key."""
    reader_key = fields.reader_key()
    link = fields.bearer(LinkToken)
    body = fields.Body(optional=True)
    passphrase, code = body.text("passphrase"), body.text("code")
    body.check()
    content = reading().reveal(
        link, reader_key, passphrase, code=code, visitor=visitor(link), evidence=evidence()
    )
    return _json(
        {
            "text": content.text,
            "state": State(content.state),
            "views_left": content.views_left,
            "lease_until": rfc3339(content.lease_until),
        }
    )


@bp.post("/link/code")
@rate_limits.passphrase
def request_code() -> Response:
    """Have a code mailed to the link's recipient; a recent one stays valid instead."""
    link = fields.bearer(LinkToken)
    fields.Body(optional=True).check()
    reading().request_code(link, language=language(), evidence=evidence())
    return Response(status=204)


@bp.post("/link/acknowledge")
def acknowledge() -> Response:
    """Record the reader's acknowledgement that the content arrived."""
    reader_key = fields.reader_key()
    link = fields.bearer(LinkToken)
    body = fields.Body(optional=True)
    keep = body.flag("keep")
    body.check()
    answering().acknowledge(link, reader_key, keep=bool(keep), evidence=evidence())
    return Response(status=204)
