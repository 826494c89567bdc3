"""The recipient's page: the gate, and the message."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, Response, make_response, render_template, request

from restante.answering import PROLONG_SECONDS
from restante.errors import Gone, Held, Invalid, PassphraseRequired, PassphraseWrong, Watched
from restante.messages import Content, State
from restante.tokens import LinkToken
from webapp import gate, limits, showing
from webapp.context import answering, evidence, is_foreign, reading
from webapp.errors import told
from webapp.suspicion import Why
from webapp.visitors import visitor

bp = Blueprint("viewer", __name__)

PROLONG_LEAST_MS = 60_000
"""Less than so much is not offered."""


@bp.get("/m/<path:pasted>")
@limits.preview
def preview(pasted: str) -> Response:
    """Show the gate.

    Mail scanners and chat previews follow links, so looking changes nothing.
    """
    return showing.show(LinkToken.find(pasted))


@bp.post("/m/<path:pasted>")
@limits.passphrase
@limits.reveal
def reveal(pasted: str) -> Response:
    """Open the message for whoever pressed the button; for anything else show the gate.

    Within its lease the same reader gets it again: `as=txt` as a file, `more=1` with its
    lease prolonged.
    """
    link = LinkToken.find(pasted)
    passed = gate.check(link, spends=True)
    if isinstance(passed, Why):
        return showing.show(link, why=passed)
    passphrase = request.form.get("passphrase") or None
    try:
        content = reading().reveal(
            link,
            passed.nonce,
            passphrase,
            visitor=visitor(link),
            evidence=evidence(),
            wary=passed.form.digits is None,
        )
    except Watched:
        return showing.show(link, why=Why.WATCHED)
    except (PassphraseRequired, PassphraseWrong, Invalid) as error:
        return showing.show(link, error=error, form=passed.form if passed.form.digits else None)
    except Gone as error:
        return showing.show(link, why=None if State(error.state).final else Why.AGAIN)
    except Held as error:
        return told(render_template("held.html", opens_at=error.opens_at), error)
    if request.form.get("as") == "txt":
        return _text_file(content)
    if request.form.get("more") and not content.fresh:
        until, _, at = answering().prolong(link, passed.nonce, evidence=evidence())
        content = replace(content, lease_until=until, at=at)
    page = render_template(
        "message.html",
        content=content,
        token=str(link),
        form=passed.form,
        PROLONG_SECONDS=PROLONG_SECONDS,
        can_prolong=content.lease_most - content.lease_until >= PROLONG_LEAST_MS,
    )
    return make_response(page)


@bp.post("/m/<token>/language")
@limits.preview
def translate(token: str) -> Response:
    """Show the gate in another language, with the passphrase that was typed; open nothing."""
    typed = "" if is_foreign() else request.form.get("passphrase", "")
    return showing.show(LinkToken.find(token), typed=typed)


def _text_file(content: Content) -> Response:
    """Return the text byte for byte, for saving."""
    response = Response(content.text.encode(), mimetype="text/plain")
    response.headers["Content-Disposition"] = 'attachment; filename="message.txt"'
    return response
