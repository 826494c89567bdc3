"""A mail server that fails in every way: nothing is lost, nothing doubled under another name."""

import random
import re
from copy import copy
from email import message_from_bytes, policy

import pytest

from restante.details import Details
from tests.conftest import read
from tests.support.mailserver import MailServer
from tests.support.processes import wait_until
from tests.support.receiver import Receiver
from tests.support.senders import MINUTE, SENDER, House, text_of
from worker.transports import mail as mail_transport

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


def test_a_repeat_that_has_to_wait_for_its_pace_is_still_the_same_mail(house):
    """A worker ended after the server took its mail; the mail itself used up the address's pace."""
    house.stop()
    sent = house.send(views=9, events=ALL)
    token = sent.links[0].token
    read(house.its, token, 1)
    (delivery,) = house.its.delivering.take(sent.control.shard, 10, "email")
    (notification,) = delivery.notifications
    for _ in range(12):
        # With these before it, an address gets one mail in ten minutes.
        cleared = house.its.delivering.clear(delivery, notification)
    house.server.mails.append(message_from_bytes(
        cleared.content.write(SENDER, event_id=notification.event_id, at=delivery.due.taken_at),
        policy=policy.default,
    ))  # fmt: skip
    read(house.its, token, 2)
    house.clock.forward(31_000)
    house.start()
    house.rest()
    assert len(house.server.mails) == 1, "the pace was not used up"
    house.clock.forward(10 * MINUTE)
    until_all_is_mailed(house)
    first, repeat, second = house.server.mails

    assert first["Message-ID"] == repeat["Message-ID"] != second["Message-ID"]
    assert [text_of(mail).count(OPENED) for mail in (first, repeat, second)] == [1, 1, 1]


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


MOODS = {
    "well": {},
    "refuses": {"answers": ["550 no such user", "554 no"] * 9},
    "puts off": {"answers": ["451 later", "421 busy"] * 9},
    "hangs": {"answers": ["hang"] * 3},
    "drops": {"answers": ["drop"] * 9, "data_answers": ["drop"] * 9},
    "takes and drops": {"data_answers": ["lose", "", "lose", "452 full"] * 9},
    "is away": {},
    "greylists": {"greylists": True},
}


@pytest.mark.parametrize(
    ("many", "rounds"), [(6, 8), pytest.param(60, 24, marks=pytest.mark.endurance)]
)
def test_a_server_in_every_mood_loses_nothing_and_doubles_only_whole_mails_in_order(
    house, monkeypatch, many, rounds
):
    """It also goes away and comes back on the same port; webhooks do not wait for it."""
    monkeypatch.setattr(mail_transport, "TIMEOUT_SECONDS", 0.5)
    chance, server = random.Random(20_261_128), house.server
    moods = [name for _ in range(rounds // len(MOODS)) for name in MOODS]
    chance.shuffle(moods)
    with Receiver() as receiver:
        sent = []
        for number in range(many):
            to, owner = f"person{number}@d{number % 3}.example", number.to_bytes(16, "big")
            house.agree(to, owner)
            sent.append(house.send(to, owner, views=rounds, events=ALL, webhook=receiver.url))
        for view, mood in enumerate(moods):
            server.answers, server.data_answers, server.greylists = [], [], False
            server.seen.clear()
            vars(server).update({k: copy(v) for k, v in MOODS[mood].items()})
            if mood == "is away":
                server.go_away()
            for one in sent:
                read(house.its, one.links[0].token, view)
            house.rest()
            # The mail server is in its mood; each webhook is there all the same.
            assert len(receiver.taken) == many * (view + 1), mood
            for minutes in chance.choices([1, 3, 12, 40], k=2):
                house.clock.forward(minutes * MINUTE)
                house.rest()
            if mood == "is away":
                server.come_back()
        server.answers, server.data_answers, server.greylists = [], [], False
        until_all_is_mailed(house)
        given_up = house.its.delivering.dead()
        for dead in given_up:
            assert house.its.delivering.resend(dead.message_id)
        until_all_is_mailed(house)

    assert house.its.delivering.dead() == []
    assert {post.message: 0 for post in receiver.taken}.keys() == {
        one.message_id.hex() for one in sent
    }
    told = {one.message_id.hex(): {} for one in sent}
    for mail in server.mails:
        message, last = re.fullmatch(r"<([0-9a-f]{32})-(\d+)@.*>", mail["Message-ID"]).groups()
        texts, number = told[message], int(last)
        assert texts.setdefault(number, text_of(mail)) == text_of(mail), "a repeat is another mail"
        assert number == max(texts), "a mail overtook another"
    mails = sum(map(len, told.values()))
    print(f"{many * rounds} events, {mails} mails, {len(server.mails) - mails} repeated,"
          f" {len(given_up)} given up and sent again")  # fmt: skip
    assert len(server.mails) > mails
    for texts in told.values():
        assert sum(text.count(OPENED) for text in texts.values()) == rounds


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
