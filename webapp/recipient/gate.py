"""The gate: decides whether a person pressed the button.

A suspicious form gets the gate again or a challenge.  It is never refused and spends nothing.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import request

from restante.crypto.tokens import LinkToken, ReaderKey
from restante.typed_digits import only_digits
from webapp.http.cookies import set_cookie
from webapp.http.csrf import Origin, origin
from webapp.http.request import COOKIE_SIZE, cookie, new_cookie, services, settings
from webapp.recipient import bot_signals
from webapp.recipient.bot_signals import Why
from webapp.recipient.tickets import Ticket, Tickets, three_digits
from webapp.texts import formatting

if TYPE_CHECKING:
    from flask import Response

    from restante.reports import Preview

QUICKEST_MS = 1_000
"""A person needs at least this long to see the button and press it."""
LONGEST_MS = 30 * 60 * 1_000
HELD_MS = 24 * 60 * 60 * 1_000
"""Validity of tickets on the page of an opened message, whose forms spend nothing."""
REMEMBERED_SECONDS = 30 * 24 * 60 * 60
"""Lifetime of the cookie `reader`: so long a browser knows that it opened a message itself."""
GIVEN = {Origin.OURS, Origin.ADDRESS}
"""Origins whose forms may carry the reader, if there is no cookie."""
FEW, MOST = 4, 100
"""Reader keys to try for this browser: 4 first, then 100, the maximum number of views."""


@dataclass(frozen=True, slots=True)
class Form:
    """A form of the gate: its reader, its ticket, and the number to type, if any."""

    reader: str
    carried: bool
    """The reader is in the form, because the browser sends no cookie."""
    ticket: str
    digits: str | None = None

    @property
    def holder(self) -> str:
        """Return the secret that reader keys are made of.

        If the form carries the reader, it is a MAC of that, so that the page does not show it.
        """
        if not self.carried:
            return self.reader
        mac = hmac.digest(services().key_for("carried"), self.reader.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(mac[:COOKIE_SIZE]).decode()


@dataclass(frozen=True, slots=True)
class Passed:
    """A form that passed the gate: the reader key of this view, and the form for the next request.

    Without a number, that form can show the view again but spend none.
    """

    reader_key: ReaderKey
    form: Form
    ordinal: int


def tickets() -> Tickets:
    """Return the `Tickets` with this service's key."""
    return Tickets(services().key_for("tickets"))


def reader_key(holder: str, ordinal: int) -> ReaderKey:
    """Return the reader key of this browser's *ordinal*-th view of a link."""
    return ReaderKey(f"{holder}.{ordinal}")


def reader_keys(holder: str, many: int = FEW) -> list[ReaderKey]:
    """Return this browser's reader keys, in the order of use."""
    return [reader_key(holder, ordinal) for ordinal in range(many)]


def reader() -> tuple[str, bool]:
    """Return the reader in this browser's cookie, or a new one; and whether it is new."""
    known = cookie("reader")
    return (known, False) if known else (new_cookie(), True)


def remember(response: Response, who: str) -> Response:
    """Set the cookie `reader`, which stays after the browser is closed.

    Otherwise the browser would later see that somebody else opened what it opened itself.
    """
    set_cookie(response, "reader", who, max_age=REMEMBERED_SECONDS)
    return response


def form(link: LinkToken, who: str, preview: Preview) -> Form:
    """Return the gate's form, without a challenge."""
    ordinal, again = preview.ordinal or 0, preview.lease_until is not None
    return Form(who, carried=False, ticket=_ticket(link, who, ordinal, again=again))


def second_step(link: LinkToken, who: str, preview: Preview, *, carried: bool) -> Form:
    """Return a form with the challenge: a number, which the page shows as text."""
    digits = three_digits()
    ticket = _ticket(link, who, preview.ordinal or 0, digits=digits)
    return Form(who, carried=carried, ticket=ticket, digits=digits)


def asks(link: LinkToken, preview: Preview) -> Why | None:
    """Return why the gate shows the challenge at once, or None if a press is enough."""
    if preview.details.always_asks or settings().second_step == "always":
        return Why.ALWAYS
    if not preview.watched:
        return None
    # The machine that looked may be this visitor.
    return bot_signals.of_origin(link) or Why.WATCHED


def check(link: LinkToken, *, spends: bool) -> Passed | Why:
    """Check the form of this request; if it *spends* a view, also look for bot signals.

    A right number is enough: there is no second challenge.
    """
    written = request.form.get("ticket", "")
    if not written:
        return Why.AGAIN
    found = _recognize(link, written)
    if found is None:
        return Why.STRANGER
    who, carried, ticket = found
    age = formatting.now() - ticket.at
    # Without cookies, readers need the form to fetch the view again within the lease.
    longest = max(LONGEST_MS, settings().lease_most * 1_000)
    if age > (longest if spends else HELD_MS):
        return Why.AGAIN
    if ticket.asks_number:
        digits = only_digits(request.form.get("number", ""))
        if not tickets().is_right(ticket, link.link_id, who, digits):
            return Why.NUMBER
        if carried and (known := cookie("reader")):
            # Two tabs were opened before the first cookie was set: the cookie decides.
            who, carried = known, False
        renewed = _ticket(link, who, ticket.ordinal, digits=digits)
        form = Form(who, carried, renewed, digits)
        return Passed(reader_key(form.holder, ticket.ordinal), form, ticket.ordinal)
    if spends and not ticket.again and (why := _suspicion(link, age)):
        return why
    # With this ticket the view can be shown again, which spends nothing.
    again = _ticket(link, who, ticket.ordinal, again=True)
    form = Form(who, carried=False, ticket=again)
    return Passed(reader_key(who, ticket.ordinal), form, ticket.ordinal)


def _recognize(link: LinkToken, written: str) -> tuple[str, bool, Ticket] | None:
    """Return the form's reader, whether only the form names it, and the ticket."""
    who = cookie("reader") or ""
    ticket = tickets().read(written, link.link_id, who) if who else None
    if ticket is not None:
        return who, False, ticket
    who = request.form.get("reader", "")
    ticket = tickets().read(written, link.link_id, who)
    # Another site's form can carry a reader, too: ours at least was given to this IP address.
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
