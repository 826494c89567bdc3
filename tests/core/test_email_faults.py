"""A mail server that fails in every way: nothing is lost, nothing doubled under another name."""

import time

import pytest

from restante.details import Details
from restante.messages import Draft
from tests.conftest import read
from tests.support.mailserver import MailServer
from tests.support.processes import wait_until
from tests.support.senders import MINUTE, House, text_of

OPENED = "someone who had this link"
ALL = ("opened",)


@pytest.fixture
def house(own_store, ring):
    with MailServer() as server:
        house = House(own_store(durability="memory"), ring, server)
        house.agree()
        house.start()
        yield house
        house.close()


def until_all_is_mailed(house):
    """Turn the clock until nothing waits any more."""
    for _ in range(60):
        house.rest()
        if not house.its.delivering.waiting():
            return
        house.clock.forward(10 * MINUTE)
    raise AssertionError


def by_name(mails):
    """Return the mails by Message-ID, in the order in which each came first."""
    found = {}
    for mail in mails:
        found.setdefault(mail["Message-ID"], []).append(mail)
    return found


def test_a_repeat_has_the_same_message_id_and_the_same_events(house):
    house.server.data_answers = ["lose"]
    sent = house.send(views=5, events=ALL)
    token = sent.links[0].token
    read(house.its, token, 1)
    house.mails(1)
    read(house.its, token, 2)
    read(house.its, token, 3)
    until_all_is_mailed(house)
    first, repeat, second = house.server.mails

    assert first["Message-ID"] == repeat["Message-ID"] != second["Message-ID"]
    assert text_of(first).count(OPENED) == text_of(repeat).count(OPENED) == 1
    assert text_of(second).count(OPENED) == 2


@pytest.mark.parametrize(
    ("at_recipient", "at_mail"),
    [
        (["451 later"] * 2, []),
        (["drop"] * 3, []),
        ([], ["drop"] * 2),
        ([], ["451 later", "drop", "lose", "lose"]),
        ([], ["554 looks like spam", "452 full"]),
        (["421 too many connections"], ["lose"]),
    ],
)
def test_what_a_server_does_not_take_is_mailed_later_in_order_and_once(
    house, at_recipient, at_mail
):
    house.server.answers, house.server.data_answers = at_recipient, at_mail
    sent = house.send(views=9, events=ALL, details=Details(subject="Keys"))
    for number in range(4):
        read(house.its, sent.links[0].token, number)
        house.rest()
        house.clock.forward(20_000)
    until_all_is_mailed(house)
    mails = by_name(house.server.mails)
    told = [text_of(same[0]).count(OPENED) for same in mails.values()]

    assert sum(told) == 4
    assert "Opened for the first time" in text_of(house.server.mails[0])
    for same in mails.values():
        assert len({text_of(mail) for mail in same}) == 1
    assert house.its.delivering.dead() == []


def test_a_server_that_greylists_takes_the_second_try(house):
    house.server.greylists = True
    sent = house.send()
    read(house.its, sent.links[0].token)
    until_all_is_mailed(house)

    assert len(house.server.mails) == 1


def test_an_address_that_is_refused_for_good_is_a_dead_letter_and_the_next_event_tries_again(house):
    house.server.refused.add("ana@example.com")
    sent = house.send(views=3, events=ALL)
    read(house.its, sent.links[0].token, 1)
    [dead] = wait_until(house.its.delivering.dead)
    house.rest()
    status = house.its.managing.status(sent.control)
    house.server.refused.clear()
    read(house.its, sent.links[0].token, 2)
    until_all_is_mailed(house)

    assert (dead.channel, dead.receiver, dead.failure) == ("email", "example.com", "550")
    assert status.mail_failure == "550"
    assert sum(text_of(mail).count(OPENED) for mail in house.server.mails) == 2
    assert house.its.delivering.dead() == []


def test_an_ask_that_was_not_taken_is_repeated_as_the_same_ask(own_store, ring):
    with MailServer() as server:
        house = House(own_store(durability="memory"), ring, server)
        server.answers, server.data_answers = ["450 later"], ["lose"]
        house.start()
        house.send()
        for _ in range(6):
            house.rest()
            house.clock.forward(5 * MINUTE)
        house.close()

    assert len({mail["Message-ID"] for mail in server.mails}) == 1
    assert len(server.mails) == 2


def test_many_hanging_mails_delay_no_code_no_webhook_and_no_other_mail(own_store, ring):
    with MailServer() as server:
        house = House(own_store(durability="memory"), ring, server, turned=False)
        house.agree()
        hanging = [f"person{number}@slow.example" for number in range(300)]
        server.hanging.update(hanging)
        for number, to in enumerate(hanging):
            house.send(to, number.to_bytes(16, "big"))
        house.start()
        wait_until(lambda: len(house.dispatchers[0]._ways["outbox-email"].under_way) >= 64)
        coded = house.its.sending.send(
            Draft("x", recipients=("ben@example.com",), details=Details(mailed_code=True))
        )
        began = time.monotonic()
        house.its.reading.request_code(coded.links[0].token, language="en")
        wait_until(lambda: "ben@example.com" in server.recipients)
        took = time.monotonic() - began
        for one in house.dispatchers:
            one._stop.set()
        house.close()

    assert took < 5
