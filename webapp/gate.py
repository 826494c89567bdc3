"""The gate: what tells a person's press of the button from everything else that comes by.

Whatever looks wrong meets the gate again or the second step, never a refusal, and
spends nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from flask import request

from restante.tokens import LinkToken, Nonce
from webapp import clock
from webapp.context import cookie, house, is_foreign, new_cookie
from webapp.tickets import Tickets, three_digits

if TYPE_CHECKING:
    from restante.messages import Preview

QUICKEST_MS = 1_000
"""A person needs this long to see the button and press it."""
LONGEST_MS = 30 * 60 * 1_000
ORDINALS = 4
"""How many views of one link a browser can open before it gets a new cookie."""


class Why(StrEnum):
    """Why a form was not taken as a person's."""

    AGAIN = "again"
    """There was no ticket, or an old one: the gate, once more."""
    QUICK = "quick"
    FOREIGN = "foreign"
    STRANGER = "stranger"
    """The ticket is another browser's or link's, or cookies are off."""
    NUMBER = "number"
    """The number was not the one on the page."""


@dataclass(frozen=True, slots=True)
class Form:
    """A form that may be sent: whose it is, its ticket, and the number to be typed."""

    reader: str
    carried: bool
    """The reader is in the form, since the browser brings no cookie."""
    ticket: str
    digits: str | None = None


@dataclass(frozen=True, slots=True)
class Passed:
    """A person came through: the nonce of this view, and the form to come back with."""

    nonce: Nonce
    form: Form


def tickets() -> Tickets:
    """Return the maker of tickets under this service's key."""
    return Tickets(house().key_for("tickets"))


def nonce(reader: str, ordinal: int) -> Nonce:
    """Return the nonce of this browser's *ordinal*-th view of a link."""
    return Nonce(f"{reader}.{ordinal}")


def nonces(reader: str) -> list[Nonce]:
    """Return the nonces this browser could be known by, in the order of their use."""
    return [nonce(reader, ordinal) for ordinal in range(ORDINALS)]


def reader() -> tuple[str, bool]:
    """Return who this browser is, and whether that is new."""
    known = cookie("reader")
    return (known, False) if known else (new_cookie(), True)


def form(link: LinkToken, who: str, preview: Preview) -> Form:
    """Return the gate's form; the second step is not asked for."""
    ticket = tickets().make(
        link.link_id,
        who,
        at=clock.now(),
        ordinal=preview.ordinal or 0,
        again=preview.lease_until is not None,
    )
    return Form(who, carried=False, ticket=ticket)


def second_step(link: LinkToken, who: str, preview: Preview, *, carried: bool) -> Form:
    """Return a form that asks for a number, which stands on the page as text."""
    digits = three_digits()
    ticket = tickets().make(
        link.link_id, who, at=clock.now(), ordinal=preview.ordinal or 0, digits=digits
    )
    return Form(who, carried=carried, ticket=ticket, digits=digits)


def check(link: LinkToken) -> Passed | Why:
    """Judge the form that came in."""
    written = request.form.get("ticket", "")
    if not written:
        return Why.AGAIN
    if is_foreign():
        return Why.FOREIGN
    who, carried = cookie("reader"), False
    if who is None:
        who, carried = request.form.get("reader", ""), True
    ticket = tickets().read(written, link.link_id, who)
    if ticket is None or (carried and not ticket.asks_number):
        return Why.STRANGER
    age = clock.now() - ticket.at
    if age > LONGEST_MS:
        return Why.AGAIN
    if ticket.asks_number:
        digits = request.form.get("number", "")
        if not tickets().is_right(ticket, link.link_id, who, digits):
            return Why.NUMBER
    elif age < QUICKEST_MS and not ticket.again:
        return Why.QUICK
    form = Form(who, carried, written, request.form.get("number") if ticket.asks_number else None)
    return Passed(nonce(who, ticket.ordinal), form)
