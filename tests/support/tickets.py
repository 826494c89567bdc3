"""The gate's tickets, made by tests: a person who took time before the button, without the time.

The service's clock is real.  A test knows the root key, so it can make a ticket with an earlier
time, by the product's own functions.  An attacker without the root key cannot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from restante.crypto.tokens import LinkToken
from tests.support.api import form_of
from tests.support.operators import services_for
from webapp.recipient.gate import QUICKEST_MS
from webapp.recipient.tickets import Tickets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.api import Visitor
    from tests.support.processes import Service

READER_COOKIE = "reader"
"""How the name of the reader's cookie ends; over TLS it has a prefix."""


def tickets_of(service: Service) -> Tickets:
    """Return the maker of a running service's tickets."""
    with services_for(service) as house:
        return Tickets(house.key_for("tickets"))


def waited(
    service: Service, visitor: Visitor, link: str, form: Mapping[str, str]
) -> dict[str, str]:
    """Return the gate's form as if it had been made as long ago as a person needs to press.

    What asks for a number needs no age.
    """
    tickets, link_id = tickets_of(service), LinkToken.parse(link).link_id
    reader = next(v for name, v in visitor.cookies.items() if name.endswith(READER_COOKIE))
    ticket = tickets.read(form["ticket"], link_id, reader)
    assert ticket, "the gate gave this browser no such ticket"
    assert not ticket.asks_number
    at = ticket.at - QUICKEST_MS
    older = tickets.make(link_id, reader, at=at, ordinal=ticket.ordinal, again=ticket.again)
    return {**form, "ticket": older}


def gate_form(
    service: Service, visitor: Visitor, link: str, action: str | None = None
) -> dict[str, str]:
    """Get a link's page; return its form as it is after a person's time before the button."""
    page = visitor.get(f"/m/{link}")
    return waited(service, visitor, link, form_of(page, action or link))
