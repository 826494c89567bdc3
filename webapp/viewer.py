"""The recipient's pages: the gate, the message, and what is left when it is gone."""

from __future__ import annotations

from flask import Blueprint, Response, g, make_response, render_template, request

from restante.errors import (
    Gone,
    Held,
    Invalid,
    PassphraseRequired,
    PassphraseWrong,
    RestanteError,
)
from restante.messages import Content, State
from restante.tokens import LinkToken
from webapp import gate, limits
from webapp.context import evidence, new_cookie, reading, set_cookie
from webapp.errors import told
from webapp.gate import Passed
from webapp.own_links import is_own
from webapp.suspicion import Why
from webapp.visitors import look_at, visitor

bp = Blueprint("viewer", __name__)


@bp.get("/m/<path:pasted>")
@limits.preview
def preview(pasted: str) -> Response:
    """Show the gate.

    Mail scanners and chat previews follow links, so looking changes nothing.
    """
    return _gate(LinkToken.find(pasted))


@bp.post("/m/<path:pasted>")
@limits.passphrase
@limits.reveal
def reveal(pasted: str) -> Response:
    """Open the message for whoever pressed the button; for anything else show the gate."""
    link = LinkToken.find(pasted)
    passed = gate.check(link, spends=True)
    if isinstance(passed, Why):
        return _gate(link, why=passed)
    passphrase = request.form.get("passphrase") or None
    try:
        content = reading().reveal(
            link, passed.nonce, passphrase, visitor=visitor(link), evidence=evidence()
        )
    except (PassphraseRequired, PassphraseWrong, Invalid) as error:
        return _gate(link, error=error, form=passed.form if passed.form.digits else None)
    except Gone as error:
        if State(error.state).final:
            return _dead(error)
        return _gate(link, why=Why.AGAIN)
    except Held as error:
        return told(render_template("held.html", opens_at=error.opens_at), error)
    if request.form.get("as") == "txt":
        return _text_file(content)
    page = render_template("message.html", content=content, token=str(link), form=passed.form)
    return make_response(page)


@bp.post("/m/<token>/acknowledge")
def acknowledge(token: str) -> Response:
    """Take the reader's word that the message arrived; unless it keeps it, destroy it now."""
    link = LinkToken.find(token)
    passed = gate.check(link, spends=False)
    if not isinstance(passed, Passed):
        return _gate(link, why=passed)
    keep = request.form.get("keep") == "1"
    reading().acknowledge(link, passed.nonce, keep=keep, evidence=evidence())
    if keep:
        return Response(status=204)
    return make_response(render_template("done.html"))


def _gate(
    link: LinkToken,
    *,
    why: Why | None = None,
    error: RestanteError | None = None,
    form: gate.Form | None = None,
) -> Response:
    if why:
        g.gate = str(why)
    who, is_new = gate.reader()
    kind = "scanner_suspected" if why and why.is_robots else None
    seen = look_at(link, gate.nonces(who), kind)
    if seen.ordinal is None:
        # This browser opened as many views as it has names for: it gets another.
        who, is_new = new_cookie(), True
        seen = look_at(link, gate.nonces(who), kind)
    if seen.state.final and seen.lease_until is None:
        return _dead(Gone(seen.state, reason=seen.reason, ended_at=seen.ended_at))
    if seen.state is State.HELD:
        return make_response(render_template("held.html", opens_at=seen.opens_at, preview=seen))
    asks = gate.asks(seen) if why in {None, Why.AGAIN} else why
    if form is None:
        if asks is None or seen.lease_until:
            form = gate.form(link, who, seen)
        else:
            form = gate.second_step(link, who, seen, carried=is_new)
    page = render_template(
        "gate.html",
        preview=seen,
        token=str(link),
        form=form,
        why=why,
        asks=asks,
        error=error,
        is_own=is_own(link),
    )
    response = told(page, error) if error else make_response(page)
    if is_new:
        set_cookie(response, "reader", who)
    return response


def _dead(error: Gone) -> Response:
    page = render_template("gone.html", error=error, state=State(error.state))
    return told(page, error)


def _text_file(content: Content) -> Response:
    """Return the text byte for byte, for saving."""
    response = Response(content.text.encode(), mimetype="text/plain")
    response.headers["Content-Disposition"] = 'attachment; filename="message.txt"'
    return response
