"""The recipient's routes of API v1: preview, reveal, request a code, acknowledge."""

from __future__ import annotations

from flask import Response

from restante.crypto.tokens import LinkToken
from restante.errors import Gone
from restante.events import rfc3339
from restante.messages import State
from webapp.api.blueprint import bp, respond
from webapp.http import fields, rate_limits
from webapp.http.request import answering, evidence, reading
from webapp.http.visitors import look_at, visitor
from webapp.texts.states import language


@bp.get("/link")
@rate_limits.preview
def preview() -> Response:
    """Return what the gate shows."""
    link = fields.bearer(LinkToken)
    seen = look_at(link)
    if seen.state.final:
        raise Gone(seen.state, reason=seen.reason, ended_at=seen.ended_at)
    return respond(
        {
            "state": seen.state,
            "from": seen.details.sender_name,
            "opens_at": rfc3339(seen.opens_at),
            "expires_at": rfc3339(seen.expires_at),
            "views_left": seen.views_left,
            "needs_passphrase": seen.needs_passphrase,
            "needs_code": seen.needs_code,
            "paused": seen.paused,
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
    return respond(
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
