"""The routes of the recipient's page: gate, message, download, mailed code."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from flask import Blueprint, Response, make_response, redirect, request, url_for

from restante.crypto.tokens import LinkToken
from restante.errors import CodesUsedUp, Gone, Unavailable
from restante.feedback import EXTEND_LEASE_SECONDS
from restante.safe_text import unshown
from webapp.http import csrf, files_cookie, pages, rate_limits
from webapp.http.files_cookie import Held
from webapp.http.request import answering, evidence, reading
from webapp.http.visitors import visitor
from webapp.recipient import gate, gate_page
from webapp.recipient.bot_signals import Why
from webapp.recipient.gate import Passed
from webapp.recipient.gate_view import Attempt
from webapp.texts import files
from webapp.texts.states import language

if TYPE_CHECKING:
    from collections.abc import Callable

    from restante.reports import Content

bp = Blueprint("viewer", __name__)

TYPED, TYPED_MOST = ("passphrase", "code"), 1_024
"""Fields of the gate that are shown again; longer input than any passphrase is dropped."""
EXTEND_LEASE_LEAST_MS = 60_000
"""An extension that gains less is not offered."""


@bp.get("/m/<pasted:pasted>")
@rate_limits.preview
def preview(pasted: str) -> Response:
    """Show the gate; mail scanners and chat previews follow links, so a GET opens nothing."""
    return gate_page.show(LinkToken.find(pasted))


@bp.post("/m/<pasted:pasted>")
@rate_limits.passphrase
@rate_limits.reveal
def reveal(pasted: str) -> Response:
    """Open the message if a person pressed the button; otherwise show the gate.

    Within the lease the same reader gets it again: to show it, download it, or extend the lease.
    """
    link = LinkToken.find(pasted)
    passed = gate.check(link, spends=True)
    attempt = _attempt(passed, has_code="code" in request.form)
    if isinstance(passed, Why):
        return gate_page.refuse(link, attempt, passed)
    try:
        content = reading().reveal(
            link,
            passed.reader_key,
            request.form.get("passphrase") or None,
            code=request.form.get("code"),
            visitor=visitor(link),
            evidence=evidence(),
            wary=passed.form.digits is None,
        )
    except gate_page.REFUSALS as refusal:
        return gate_page.refuse(link, attempt, refusal)
    return _deed()(link, passed, content)


def _deed() -> Callable[[LinkToken, Passed, Content], Response]:
    if request.form.get("as") == "txt":
        return _download
    return _extend_lease if request.form.get("more") else _show


def _show(link: LinkToken, passed: Passed, content: Content) -> Response:
    until = min(content.at + EXTEND_LEASE_SECONDS * 1_000, content.lease_most)
    # Without cookies, what fetches the files is in forms.
    by_form = passed.form.carried or not csrf.may_set("files", content.files_token)
    page = make_response(
        pages.render(
            "recipient/message.html",
            content=content,
            unshown=unshown(content.text),
            token=str(link),
            form=passed.form,
            lease_seconds=max((content.lease_until - content.at) // 1_000, 0),
            extend_lease_seconds=(until - content.at) // 1_000,
            can_extend_lease=until - content.lease_until >= EXTEND_LEASE_LEAST_MS,
            files=files.listed(content.files),
            together=files.size(sum(its.size for its in content.files if not its.taken_out_at)),
            by_form=by_form,
        )
    )
    if content.files and not by_form:
        files_cookie.remember(page, link, Held(passed.ordinal, content.files_token))
    # Never set a reader from a form as cookie: the form may be another site's.
    return page if passed.form.carried else gate.remember(page, passed.form.reader)


def _extend_lease(link: LinkToken, passed: Passed, content: Content) -> Response:
    """Show the message with an extended lease; the first fetch has a full lease already."""
    # The text is released, so show it even if the lease cannot be extended.
    with suppress(Gone, Unavailable):
        if not content.fresh:
            until, _, at = answering().extend_lease(link, passed.reader_key, evidence=evidence())
            content = replace(content, lease_until=until, at=at)
    return _show(link, passed, content)


def _download(_link: LinkToken, _passed: Passed, content: Content) -> Response:
    """Return the text byte for byte, for saving."""
    response = Response(content.text.encode(), mimetype="text/plain")
    response.headers["Content-Disposition"] = 'attachment; filename="message.txt"'
    return response


@bp.post("/m/<token>/code")
@rate_limits.passphrase
def request_code(token: str) -> Response:
    """Have a code mailed, and ask for it; suspected machines get a challenge first."""
    link = LinkToken.find(token)
    passed = gate.check(link, spends=True)
    attempt = _attempt(passed)
    if isinstance(passed, Why):
        return gate_page.refuse(link, attempt, passed)
    try:
        requested = reading().request_code(
            link, language=language(), evidence=evidence(), wary=attempt.form is None
        )
    except CodesUsedUp as refusal:
        return gate_page.refuse(link, replace(attempt, has_code=True), refusal)
    except gate_page.REFUSALS as refusal:
        return gate_page.refuse(link, attempt, refusal)
    if requested is None:
        return make_response(redirect(url_for("viewer.preview", pasted=token), 303))
    asked = replace(attempt.without("code"), has_code=True, requested=requested)
    return gate_page.show(link, asked)


@bp.post("/m/<token>/gate")
@rate_limits.preview
def anew(token: str) -> Response:
    """Show the gate in another language, or with the field for a code that was mailed before.

    Everything that was typed is shown again.  Nothing is opened.
    """
    link = LinkToken.find(token)
    passed = gate.check(link, spends=False)
    return gate_page.show(link, _attempt(passed, has_code="code" in request.form))


def _attempt(passed: Passed | Why, *, has_code: bool = False) -> Attempt:
    """Return the visitor's attempt, with what was typed."""
    typed = {name: request.form.get(name, "") for name in TYPED}
    return Attempt(
        form=passed.form if isinstance(passed, Passed) and passed.form.digits else None,
        typed={name: its if len(its) <= TYPED_MOST else "" for name, its in typed.items()},
        has_code=has_code,
    )
