"""The recipient's page: the gate, and the message."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from restante.crypto.tokens import LinkToken
from restante.errors import (
    CodeRequired,
    CodesUsedUp,
    CodeWrong,
    Gone,
    Held,
    Invalid,
    PassphraseRequired,
    PassphraseWrong,
    Unavailable,
    Watched,
)
from restante.feedback import EXTEND_LEASE_SECONDS
from restante.messages import State
from webapp.http import rate_limits
from webapp.http.csrf import is_foreign
from webapp.http.errors import told
from webapp.http.request import answering, evidence, reading
from webapp.http.visitors import visitor
from webapp.recipient import gate, gate_page
from webapp.recipient.bot_signals import Why
from webapp.texts.states import language

if TYPE_CHECKING:
    from restante.reports import Content

bp = Blueprint("viewer", __name__)

TYPED, TYPED_MOST = ("passphrase", "code"), 256
"""What people type at the gate, and how much of it comes back; the fields take no more."""
EXTEND_LEASE_LEAST_MS = 60_000
"""Less than so much is not offered."""


@bp.get("/m/<path:pasted>")
@rate_limits.preview
def preview(pasted: str) -> Response:
    """Show the gate.

    Mail scanners and chat previews follow links, so looking changes nothing.
    """
    return gate_page.show(LinkToken.find(pasted))


@bp.post("/m/<path:pasted>")
@rate_limits.passphrase
@rate_limits.reveal
def reveal(pasted: str) -> Response:
    """Open the message for whoever pressed the button; for anything else show the gate.

    Within its lease the same reader gets it again: `as=txt` as a file, `more=1` with its
    lease prolonged.
    """
    link = LinkToken.find(pasted)
    passed = gate.check(link, spends=True)
    types = "code" in request.form
    if isinstance(passed, Why):
        return gate_page.show(link, why=passed, types_code=types, typed=_typed())
    passphrase = request.form.get("passphrase") or None
    try:
        content = reading().reveal(
            link,
            passed.nonce,
            passphrase,
            code=request.form.get("code"),
            visitor=visitor(link),
            evidence=evidence(),
            wary=passed.form.digits is None,
        )
    except Watched:
        return gate_page.show(link, why=Why.WATCHED, types_code=types, typed=_typed())
    except (PassphraseRequired, PassphraseWrong, CodeRequired, CodeWrong, Invalid) as error:
        form = passed.form if passed.form.digits else None
        wrong = "code" if isinstance(error, CodeRequired | CodeWrong) else "passphrase"
        return gate_page.show(
            link, error=error, form=form, types_code=types, typed=_typed(but=wrong)
        )
    except Gone as error:
        return gate_page.show(link, why=None if State(error.state).final else Why.AGAIN)
    except Held as error:
        return told(render_template("held.html", opens_at=error.opens_at), error)
    if request.form.get("as") == "txt":
        return _text_file(content)
    if request.form.get("more") and not content.fresh:
        # The text is released: whatever else happens, it is shown.
        with suppress(Gone, Unavailable):
            until, _, at = answering().extend_lease(link, passed.nonce, evidence=evidence())
            content = replace(content, lease_until=until, at=at)
    until = min(content.at + EXTEND_LEASE_SECONDS * 1_000, content.lease_most)
    page = make_response(
        render_template(
            "message.html",
            content=content,
            token=str(link),
            form=passed.form,
            extend_lease_seconds=(until - content.at) // 1_000,
            can_extend_lease=until - content.lease_until >= EXTEND_LEASE_LEAST_MS,
        )
    )
    # What a form carried is never set: the form may be another site's, and the reader with it.
    return page if passed.form.carried else gate.remember(page, passed.form.reader)


@bp.post("/m/<token>/code")
@rate_limits.passphrase
def request_code(token: str) -> Response:
    """Have a code mailed, and ask for it.  Who looks like a machine gets the second step first."""
    link = LinkToken.find(token)
    passed = gate.check(link, spends=True)
    if isinstance(passed, Why):
        return gate_page.show(link, why=passed, typed=_typed())
    form = passed.form if passed.form.digits else None
    try:
        requested = reading().request_code(
            link, language=language(), evidence=evidence(), wary=form is None
        )
    except Watched:
        return gate_page.show(link, why=Why.WATCHED, typed=_typed())
    except CodesUsedUp as error:
        return gate_page.show(link, error=error, form=form, types_code=True, typed=_typed())
    except Gone:
        return gate_page.show(link)
    except Held as error:
        return told(render_template("held.html", opens_at=error.opens_at), error)
    if requested is None:
        return make_response(redirect(url_for("viewer.preview", pasted=token), 303))
    return gate_page.show(
        link, form=form, types_code=True, requested=requested, typed=_typed(but="code")
    )


@bp.post("/m/<token>/gate")
@rate_limits.preview
def anew(token: str) -> Response:
    """Show the gate in another language, or for a code that was mailed before; open nothing.

    All that was typed comes back.
    """
    link = LinkToken.find(token)
    passed = gate.check(link, spends=False)
    form = passed.form if isinstance(passed, gate.Passed) and passed.form.digits else None
    return gate_page.show(link, form=form, typed=_typed(), types_code="code" in request.form)


def _typed(but: str = "") -> dict[str, str]:
    """Return what stays in the fields; nothing of it where another site typed it."""
    if is_foreign():
        return {}
    return {name: request.form.get(name, "")[:TYPED_MOST] for name in TYPED if name != but}


def _text_file(content: Content) -> Response:
    """Return the text byte for byte, for saving."""
    response = Response(content.text.encode(), mimetype="text/plain")
    response.headers["Content-Disposition"] = 'attachment; filename="message.txt"'
    return response
