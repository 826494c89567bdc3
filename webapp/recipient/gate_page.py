"""Renders a link's page: the gate, the challenge, or what became of the link."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from flask import Response, g, make_response, url_for

from restante.errors import (
    CodeRequired,
    CodesUsedUp,
    CodeWrong,
    Gone,
    Held,
    Invalid,
    PassphraseRequired,
    PassphraseWrong,
    Paused,
    Watched,
)
from restante.messages import State
from webapp.http import pages
from webapp.http.errors import told
from webapp.http.own_link_cookie import is_own
from webapp.http.visitors import look_at
from webapp.recipient import challenge, gate, gate_faults, gate_view
from webapp.recipient.bot_signals import Why
from webapp.recipient.gate_view import LOOKED, Attempt, GateView, Step

if TYPE_CHECKING:
    from restante.crypto.tokens import LinkToken
    from restante.errors import RestanteError
    from restante.reports import Preview

TRIES = (PassphraseWrong, CodeWrong)
REFUSALS = (
    CodeRequired,
    CodesUsedUp,
    CodeWrong,
    Gone,
    Held,
    Invalid,
    PassphraseRequired,
    PassphraseWrong,
    Paused,
    Watched,
)
"""Errors that are shown on the link's page, with what was typed."""


def show(link: LinkToken, attempt: Attempt = LOOKED) -> Response:
    """Return the link's page: the gate, or that the link is held or has ended."""
    who, is_new = gate.reader()
    # A wrong try and a requested code are recorded as events, so they need no look.
    is_event = attempt.requested is not None and attempt.requested.fresh
    counts = not (isinstance(attempt.error, TRIES) or is_event)
    seen = _look(link, who, attempt.why, counts=counts)
    if seen.ordinal is None:
        # This browser opened more views than the first few reader keys.
        seen = _look(link, who, attempt.why, counts=False, many=gate.MOST)
    why = attempt.why
    asks = gate.asks(link, seen) if why in {None, Why.AGAIN} else why
    if gate_view.is_over(seen):
        form = gate.form(link, who, seen)
    elif attempt.form:
        form = attempt.form
    elif asks is None or seen.lease_until:
        form = gate.form(link, who, seen)
    else:
        form = gate.second_step(link, who, seen, carried=is_new)
    view = gate_view.build(attempt, seen, form, asks=asks, is_own=is_own(link))
    page = _page(view, link)
    return page if view.step in {Step.HELD, Step.PAUSED} else _keep(page, who, is_new=is_new)


def refuse(link: LinkToken, attempt: Attempt, refusal: Why | RestanteError) -> Response:
    """Return the link's page after the gate or the store refused the attempt."""
    match refusal:
        case Held():
            view = GateView(step=Step.HELD, opens_at=refusal.opens_at, error=refusal)
            return _page(view, link)
        case Paused():
            return _page(GateView(step=Step.PAUSED, error=refusal), link)
        case Gone():
            why = None if State(refusal.state).final else Why.AGAIN
            return show(link, Attempt(why=why))
        case Watched():
            return show(link, replace(attempt, why=Why.WATCHED))
        case Why():
            return show(link, replace(attempt, why=refusal))
        case CodeRequired() | CodeWrong():
            attempt = attempt.without("code")
        case Invalid() if gate_faults.is_about_code(refusal):
            pass  # A digit too many is mended where it stands.
        case Invalid() | PassphraseRequired() | PassphraseWrong():
            attempt = attempt.without("passphrase")
    return show(link, replace(attempt, error=refusal))


def step(link: LinkToken, deed: str, why: Why | None) -> Response:
    """Return the challenge page before `dispute` or `decline`.

    Without *why* there is no bot signal: these always need a number, and none was typed yet.
    """
    who, is_new = gate.reader()
    seen = _look(link, who, why)
    form = gate.second_step(link, who, seen, carried=is_new)
    page = pages.render(
        "recipient/step.html",
        view=challenge.before_telling(deed, why, form),
        form=form,
        action=url_for(f"answers.{deed}", token=str(link)),
    )
    return _keep(make_response(page), who, is_new=is_new)


def _look(
    link: LinkToken, who: str, why: Why | None, *, counts: bool = True, many: int = gate.FEW
) -> Preview:
    if why:
        g.gate = str(why)
    kind = "scanner_suspected" if why and why.is_robots else None
    return look_at(link, gate.reader_keys(who, many), kind, counts=counts)


def _page(view: GateView, link: LinkToken) -> Response:
    page = pages.render(view.template, view=view, token=str(link))
    return told(page, view.error) if view.error else make_response(page)


def _keep(response: Response, who: str, *, is_new: bool) -> Response:
    return gate.remember(response, who) if is_new else response
