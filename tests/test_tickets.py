"""Tickets: what a form of the gate brings, and for whom alone it is good."""

import base64

from webapp.recipient.tickets import Tickets

LINK, OTHER = bytes(16), bytes(15) + b"\1"
KEY = bytes(range(32))
TICKETS = Tickets(KEY)


def make(link_id=LINK, reader="reader", at=5, digits="123"):
    return TICKETS.make(link_id, reader, at=at, ordinal=1, digits=digits)


def test_a_ticket_is_good_for_its_link_and_its_reader_under_its_key():
    ticket = TICKETS.read(make(), LINK, "reader")

    assert (ticket.at, ticket.ordinal, ticket.again, ticket.asks_number) == (5, 1, False, True)
    assert TICKETS.read(make(), OTHER, "reader") is None
    assert TICKETS.read(make(), LINK, "another") is None
    assert Tickets(bytes(32)).read(make(), LINK, "reader") is None


def test_a_ticket_of_which_any_byte_was_changed_is_none_of_ours():
    sealed = base64.urlsafe_b64decode(make())
    changed = [
        sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :] for at in range(len(sealed))
    ]
    written = [base64.urlsafe_b64encode(one).decode() for one in changed]

    assert [TICKETS.read(one, LINK, "reader") for one in written] == [None] * len(sealed)


def test_the_number_on_one_page_tells_nothing_of_the_number_on_another():
    """A robot that kept a table of numbers and tickets would not find the next one in it."""
    kept = [
        TICKETS.read(make(link_id, reader, at, digits), link_id, reader).number
        for link_id in (LINK, OTHER)
        for reader in ("reader", "another")
        for at in (5, 6)
        for digits in ("123", "124")
    ]

    assert len(set(kept)) == 16


def test_only_the_number_asked_for_is_right_spaces_around_it_or_not():
    ticket = TICKETS.read(make(), LINK, "reader")
    tried = {typed: TICKETS.is_right(ticket, LINK, "reader", typed) for typed in TRIED}

    assert {typed for typed, right in tried.items() if right} == {"123", " 123 "}


TRIED = ("123", " 123 ", "124", "1234", "12", "", "0123", "words")


def test_a_ticket_without_a_number_takes_none():
    ticket = TICKETS.read(make(digits=None), LINK, "reader")

    assert not ticket.asks_number
    assert not any(TICKETS.is_right(ticket, LINK, "reader", typed) for typed in TRIED)
