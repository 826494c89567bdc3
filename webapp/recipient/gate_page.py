"""Renders a link's page: the gate, the challenge, or what became of the link."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from flask import Response, g, make_response, render_template, url_for

from restante.errors import CodeWrong, Gone, PassphraseWrong
from restante.messages import State
from webapp.http.errors import told
from webapp.http.own_link_cookie import is_own
from webapp.http.visitors import look_at
from webapp.recipient import gate
from webapp.recipient.bot_signals import Why

if TYPE_CHECKING:
    from collections.abc import Mapping

    from restante.crypto.tokens import LinkToken
    from restante.errors import RestanteError
    from restante.reports import Preview, Requested

TRIES = (PassphraseWrong, CodeWrong)


def show(  # noqa: PLR0913 (what the page may have to say)
    link: LinkToken,
    *,
    why: Why | None = None,
    error: RestanteError | None = None,
    form: gate.Form | None = None,
    typed: Mapping[str, str] = MappingProxyType({}),
    types_code: bool = False,
    requested: Requested | None = None,
) -> Response:
    """Return the link's page: the gate, unless it does not open yet or no more.

    *why* says what was wrong with the form that came in, *error* what with the passphrase;
    *form* is the one to go on with, its number typed and right; *typed* stays in the fields.
    *types_code*: the mailed code is asked for, not whether to mail one; *requested* if one was
    just now.
    """
    who, is_new = gate.reader()
    # A wrong try and a code that was asked for are events, which say as much as a look.
    counts = not (isinstance(error, TRIES) or (requested and requested.fresh))
    seen = _look(link, who, why, counts=counts)
    if seen.ordinal is None:
        # This browser opened more views than it is known by at first.
        seen = _look(link, who, why, counts=False, many=gate.MOST)
    if seen.state.final and seen.lease_until is None:
        return _keep(_ended(link, who, seen), who, is_new=is_new)
    if seen.state is State.HELD:
        return make_response(render_template("held.html", opens_at=seen.opens_at, preview=seen))
    asks = gate.asks(link, seen) if why in {None, Why.AGAIN} else why
    number_is_typed = form is not None
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
        number_is_typed=number_is_typed,
        typed=typed,
        types_code=types_code,
        requested=requested,
    )
    return _keep(told(page, error) if error else make_response(page), who, is_new=is_new)


def step(link: LinkToken, deed: str, why: Why | None) -> Response:
    """Return the second step before a deed other than opening: `dispute` or `decline`.

    Without *why* nothing looked wrong: the link's page asks for a number, and none was typed.
    """
    who, is_new = gate.reader()
    seen = _look(link, who, why)
    form = gate.second_step(link, who, seen, carried=is_new)
    action = url_for(f"answers.{deed}", token=str(link))
    page = render_template("step.html", form=form, why=why, deed=deed, action=action)
    return _keep(make_response(page), who, is_new=is_new)


def _look(
    link: LinkToken, who: str, why: Why | None, *, counts: bool = True, many: int = gate.FEW
) -> Preview:
    if why:
        g.gate = str(why)
    kind = "scanner_suspected" if why and why.is_robots else None
    return look_at(link, gate.nonces(who, many), kind, counts=counts)


def _ended(link: LinkToken, who: str, seen: Preview) -> Response:
    """Return the page of a dead link; a browser that did not open it may say so."""
    error = Gone(seen.state, reason=seen.reason, ended_at=seen.ended_at)
    # A sender who looks what became of his link has nothing to dispute.
    others = seen.by_others and not is_own(link)
    page = render_template(
        "gone.html",
        error=error,
        state=seen.state,
        preview=seen,
        others=others,
        token=str(link),
        form=gate.form(link, who, seen) if others else None,
    )
    return told(page, error)


def _keep(response: Response, who: str, *, is_new: bool) -> Response:
    return gate.remember(response, who) if is_new else response
