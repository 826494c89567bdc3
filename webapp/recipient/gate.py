"""The gate: what tells a person's press of the button from everything else that comes by.

Whatever looks wrong meets the gate again or the second step, never a refusal, and
spends nothing.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import request

from restante.crypto.tokens import LinkToken, ReaderKey
from webapp.http.cookies import set_cookie
from webapp.http.csrf import Origin, is_foreign, origin
from webapp.http.request import COOKIE_SIZE, cookie, new_cookie, services, settings
from webapp.recipient import bot_signals
from webapp.recipient.bot_signals import Why
from webapp.recipient.tickets import Ticket, Tickets, three_digits
from webapp.texts import formatting

if TYPE_CHECKING:
    from flask import Response

    from restante.reports import Preview

QUICKEST_MS = 1_000
"""A person needs this long to see the button and press it."""
LONGEST_MS = 30 * 60 * 1_000
HELD_MS = 24 * 60 * 60 * 1_000
"""So long the page of an opened message can say what it has to: it spends nothing."""
REMEMBERED_SECONDS = 30 * 24 * 60 * 60
"""So long a browser knows of a message that it was the one who opened it."""
GIVEN = {Origin.OURS, Origin.ADDRESS}
"""Whose forms may say who the reader is, where no cookie does."""
FEW, MOST = 4, 100
"""How many of its views of a link a browser is known by at first, and when that was not enough:
no link can be opened more often."""


@dataclass(frozen=True, slots=True)
class Form:
    """A form that may be sent: whose it is, its ticket, and the number to be typed."""

    reader: str
    carried: bool
    """The reader is in the form, since the browser brings no cookie."""
    ticket: str
    digits: str | None = None

    @property
    def holder(self) -> str:
        """Return what the nonces are made of: nothing that a form shows, where it carries that."""
        if not self.carried:
            return self.reader
        mac = hmac.digest(services().key_for("carried"), self.reader.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(mac[:COOKIE_SIZE]).decode()


@dataclass(frozen=True, slots=True)
class Passed:
    """A person came through: the nonce of this view, and the form to come back with.

    Without a number it can show the view again and spend none.
    """

    nonce: ReaderKey
    form: Form


def tickets() -> Tickets:
    """Return the maker of tickets under this service's key."""
    return Tickets(services().key_for("tickets"))


def nonce(holder: str, ordinal: int) -> ReaderKey:
    """Return the nonce of this browser's *ordinal*-th view of a link."""
    return ReaderKey(f"{holder}.{ordinal}")


def nonces(holder: str, many: int = FEW) -> list[ReaderKey]:
    """Return the nonces this browser could be known by, in the order of their use."""
    return [nonce(holder, ordinal) for ordinal in range(many)]


def reader() -> tuple[str, bool]:
    """Return who this browser is, and whether that is new."""
    known = cookie("reader")
    return (known, False) if known else (new_cookie(), True)


def remember(response: Response, who: str) -> Response:
    """Let the browser be known as this reader, also after it was closed.

    Else it would be told that somebody else had opened what it opened itself.
    """
    set_cookie(response, "reader", who, max_age=REMEMBERED_SECONDS)
    return response


def form(link: LinkToken, who: str, preview: Preview) -> Form:
    """Return the gate's form; no number is asked for."""
    ordinal, again = preview.ordinal or 0, preview.lease_until is not None
    return Form(who, carried=False, ticket=_ticket(link, who, ordinal, again=again))


def second_step(link: LinkToken, who: str, preview: Preview, *, carried: bool) -> Form:
    """Return a form that asks for a number, which stands on the page as text."""
    digits = three_digits()
    ticket = _ticket(link, who, preview.ordinal or 0, digits=digits)
    return Form(who, carried=carried, ticket=ticket, digits=digits)


def asks(link: LinkToken, preview: Preview) -> Why | None:
    """Return why the number is asked for from the first, where a press alone would not do."""
    if preview.details.always_asks or settings().second_step == "always":
        return Why.ALWAYS
    if not preview.watched:
        return None
    # The machine that looked may be this visitor, as far as we can tell.
    return bot_signals.of_origin(link) or Why.WATCHED


def check(link: LinkToken, *, spends: bool) -> Passed | Why:
    """Judge the form that came in; what *spends* a view must also look like a person's.

    A number that is right is enough: nobody is asked twice.
    """
    written = request.form.get("ticket", "")
    if not written:
        return Why.AGAIN
    if is_foreign():
        return Why.FOREIGN
    found = _recognize(link, written)
    if found is None:
        return Why.STRANGER
    who, carried, ticket = found
    age = formatting.now() - ticket.at
    # Without cookies the form is all that a reader has to come back with within his lease.
    longest = max(LONGEST_MS, settings().lease_most * 1_000)
    if age > (longest if spends else HELD_MS):
        return Why.AGAIN
    if ticket.asks_number:
        digits = request.form.get("number", "")
        if not tickets().is_right(ticket, link.link_id, who, digits):
            return Why.NUMBER
        if carried and (known := cookie("reader")):
            # Two tabs came before the first cookie: this browser is who that cookie says.
            who, carried = known, False
        renewed = _ticket(link, who, ticket.ordinal, digits=digits.strip())
        form = Form(who, carried, renewed, digits.strip())
        return Passed(nonce(form.holder, ticket.ordinal), form)
    if spends and not ticket.again and (why := _suspicion(link, age)):
        return why
    # Once it was opened, it can be shown again: that spends nothing.
    again = _ticket(link, who, ticket.ordinal, again=True)
    return Passed(nonce(who, ticket.ordinal), Form(who, carried=False, ticket=again))


def _recognize(link: LinkToken, written: str) -> tuple[str, bool, Ticket] | None:
    """Return who sent the form, whether the form alone says so, and what its ticket says."""
    who = cookie("reader") or ""
    ticket = tickets().read(written, link.link_id, who) if who else None
    if ticket is not None:
        return who, False, ticket
    who = request.form.get("reader", "")
    ticket = tickets().read(written, link.link_id, who)
    # Another site's form can carry a reader, too: ours was given to this address, at the least.
    if ticket is None or not ticket.asks_number or origin() not in GIVEN:
        return None
    return who, True, ticket


def _suspicion(link: LinkToken, age: int) -> Why | None:
    if settings().second_step == "always":
        return Why.ALWAYS
    return bot_signals.find(link) or (Why.QUICK if age < QUICKEST_MS else None)


def _ticket(
    link: LinkToken, who: str, ordinal: int, *, again: bool = False, digits: str | None = None
) -> str:
    return tickets().make(
        link.link_id, who, at=formatting.now(), ordinal=ordinal, again=again, digits=digits
    )
