"""Tickets: what a form of the gate brings, and for whom alone it is good."""

import hmac

import pytest
from itsdangerous.encoding import base64_decode, base64_encode

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
    says, mac = make().rsplit(".", 1)
    raw = base64_decode(mac)
    changed = [
        f"{says[:at]}{chr(ord(says[at]) ^ 1)}{says[at + 1 :]}.{mac}" for at in range(len(says))
    ] + [
        f"{says}.{base64_encode(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]).decode()}"
        for at in range(len(raw))
    ]

    assert len(changed) == len(says) + 32
    assert {TICKETS.read(one, LINK, "reader") for one in changed} == {None}


@pytest.mark.parametrize("cut", [1, 4, 43, 44, 60, 500])
def test_what_is_left_of_a_ticket_is_none(cut):
    assert TICKETS.read(make()[:-cut], LINK, "reader") is None
    assert TICKETS.read(make()[cut:], LINK, "reader") is None
    assert TICKETS.read(make() + "A" * cut, LINK, "reader") is None


def test_a_mac_is_hmac_sha_256_under_the_tickets_own_key():
    """The defaults of the library are weaker; this is the standard library's."""
    says, mac = make().rsplit(".", 1)
    key = hmac.digest(KEY, b"ticket" + LINK + b"reader", "sha256")

    assert base64_decode(mac) == hmac.digest(key, says.encode(), "sha256")


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
