"""A pause: new readers wait, and nothing else changes."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from restante.errors import Gone, Held, Invalid, NotFound, Paused
from restante.messages import Draft, Evidence
from restante.settings import DAY
from restante.store.keys import message as message_key
from tests.conftest import check_times, happened, kept_of, read, reader_key

EVIDENCE = Evidence("192.0.2.0/24", "Firefox", "Windows")
LEASE = 120_000


def test_a_paused_message_opens_for_nobody_until_it_is_resumed(turned_house, clock, raw):
    house = turned_house
    sent = house.sending.send(Draft("x", recipients=("Ana", "Bob")))
    ana, bob = (link.token for link in sent.links)
    house.managing.pause(sent.control, evidence=EVIDENCE)
    paused_at = clock.now()
    clock.forward(1_000)
    for link in (ana, bob):
        with pytest.raises(Paused):
            read(house, link)
    status = house.managing.status(sent.control)
    assert (status.paused_at, status.opens_at) == (paused_at, sent.opens_at)
    assert [str(link.state) for link in status.links] == ["sealed", "sealed"]
    assert house.reading.preview(ana, visitor="").paused
    check_times(raw, sent)

    house.managing.resume(sent.control, evidence=EVIDENCE)
    assert read(house, ana) == "x"
    status = house.managing.status(sent.control)
    assert (status.paused_at, status.opens_at) == (None, sent.opens_at)
    assert not house.reading.preview(bob, visitor="").paused
    events = status.events[1:3]
    assert [(e.type, e.facts) for e in events] == [
        ("message.paused", {"leases": 0}),
        ("message.resumed", {}),
    ]
    assert [e.evidence for e in events] == [EVIDENCE.as_dict()] * 2


def test_who_opened_it_before_sees_it_again_until_the_lease_is_over(turned_house, clock):
    house = turned_house
    sent = house.sending.send(Draft("x", views=3))
    link = sent.links[0].token
    read(house, link, 1)
    house.managing.pause(sent.control)
    clock.forward(LEASE - 1)

    assert read(house, link, 1) == "x"
    with pytest.raises(Paused):
        read(house, link, 2)
    house.answering.extend_lease(link, reader_key(1))
    clock.forward(LEASE)
    assert read(house, link, 1) == "x"
    assert house.managing.status(sent.control).events[-2].facts == {"leases": 1}


def test_a_pause_of_the_hold_keeps_the_hold_s_own_time(turned_house, clock):
    house = turned_house
    sent = house.sending.send(Draft("x", hold_seconds=600))
    link = sent.links[0].token
    house.managing.pause(sent.control)
    assert house.managing.status(sent.control).opens_at == sent.opens_at
    with pytest.raises(Paused):
        read(house, link)
    clock.forward(300_000)
    house.managing.resume(sent.control)
    with pytest.raises(Held) as held:
        read(house, link)
    assert held.value.opens_at == sent.opens_at
    house.managing.pause(sent.control)
    clock.forward(600_000)
    with pytest.raises(Paused):
        read(house, link)
    house.managing.resume(sent.control)

    assert read(house, link) == "x"


def test_the_expiry_goes_on_counting_and_can_be_moved(turned_house, clock):
    house = turned_house
    sent = house.sending.send(Draft("x", expires_in_seconds=600, hold_seconds=60))
    link = sent.links[0].token
    house.managing.pause(sent.control)
    with pytest.raises(Invalid):
        house.managing.extend(sent.control, 60)
    house.managing.extend(sent.control, 1_200)
    clock.forward(1_200_000)
    house.timekeeping.catch_up()

    for deed in (house.managing.pause, house.managing.resume):
        with pytest.raises(Gone):
            deed(sent.control)
    with pytest.raises(Gone):
        read(house, link)
    assert house.managing.status(sent.control).paused_at is None
    assert happened(house, sent)[-1] == "link.expired"


def test_recall_and_replace_work_during_a_pause(turned_house):
    house = turned_house
    sent = house.sending.send(Draft("x", recipients=("Ana", "Bob")))
    house.managing.pause(sent.control)
    house.sending.replace(sent.control, "y")
    (verdict,) = house.managing.recall(sent.control, [sent.links[0].link_id])
    house.managing.resume(sent.control)

    assert verdict.outcome == "recalled_unread"
    with pytest.raises(Gone):
        read(house, sent.links[0].token)
    assert read(house, sent.links[1].token) == "y"


def test_a_second_pause_and_a_second_resume_change_nothing(turned_house, clock):
    house = turned_house
    sent = house.sending.send(Draft("x"))
    house.managing.resume(sent.control)
    house.managing.pause(sent.control)
    paused_at = clock.now()
    clock.forward(1_000)
    house.managing.pause(sent.control)
    assert house.managing.status(sent.control).paused_at == paused_at
    house.managing.resume(sent.control)
    house.managing.resume(sent.control)

    assert happened(house, sent) == ["message.sent", "message.paused", "message.resumed"]


@pytest.mark.parametrize(("verb", "other"), [("pause", "resume"), ("resume", "pause")])
def test_a_repeated_request_does_not_undo_what_somebody_did_since(
    turned_house, connection, clock, verb, other
):
    house = turned_house
    sent = house.sending.send(Draft("x"))
    if verb == "resume":
        house.managing.pause(sent.control)
    request = (message_key(sent.control), clock.now(), b"", b"r" * 16)
    connection.run(verb, *request)
    getattr(house.managing, other)(sent.control)
    before = house.managing.status(sent.control)
    reply = connection.run(verb, *request)

    assert reply == [b"repeated"]
    assert house.managing.status(sent.control) == before


def test_a_message_is_paused_so_often_only(turned_house, raw):
    house = turned_house
    sent = house.sending.send(Draft("x"))
    raw.hset(message_key(sent.control), "pauses", 999)
    house.managing.pause(sent.control)
    house.managing.resume(sent.control)
    with pytest.raises(Invalid) as refused:
        house.managing.pause(sent.control)

    assert [(f.field, f.detail) for f in refused.value.faults] == [("form", "paused too often")]


def test_no_code_is_mailed_while_a_message_is_paused(turned_house):
    house = turned_house
    sent = house.sending.send(Draft("x"))
    house.managing.pause(sent.control)
    with pytest.raises(Paused):
        house.reading.request_code(sent.links[0].token, language="en")

    assert happened(house, sent) == ["message.sent", "message.paused"]


def test_an_earlier_version_of_the_service_opens_nothing_either(turned_house, raw):
    """It knows no `paused_at`, but goes by `opens_at`."""
    house = turned_house
    sent = house.sending.send(Draft("x"))
    house.managing.pause(sent.control)
    raw.hdel(message_key(sent.control), "paused_at", "held_until")
    with pytest.raises(Held) as held:
        read(house, sent.links[0].token)

    assert held.value.opens_at > sent.expires_at + 365 * DAY * 1000


def test_pausing_what_does_not_exist_writes_nothing(turned_house, raw):
    sent = turned_house.sending.send(Draft("x"))
    raw.delete(message_key(sent.control))
    before = kept_of(raw, sent)
    for deed in (turned_house.managing.pause, turned_house.managing.resume):
        with pytest.raises(NotFound):
            deed(sent.control)

    assert kept_of(raw, sent) == before


def test_a_reveal_that_races_a_pause_comes_before_it_or_not_at_all(house):
    """Eight readers and one pause start at once: the timeline and the answers tell one order."""
    chance, seen = random.Random(3), set()
    for _ in range(30):
        sent = house.sending.send(Draft("x", recipients=tuple("abcdefgh"), views=2))
        start = Barrier(len(sent.links) + 1)

        def press(token, start=start):
            start.wait()
            try:
                return read(house, token)
            except Paused:
                return None

        def pause(sent=sent, start=start):
            start.wait()
            house.managing.pause(sent.control)

        tokens = [link.token for link in sent.links]
        chance.shuffle(tokens)
        with ThreadPoolExecutor(len(tokens) + 1) as pool:
            half = [pool.submit(press, token) for token in tokens[:4]]
            pausing = pool.submit(pause)
            texts = [its.result() for its in [*half, *(pool.submit(press, t) for t in tokens[4:])]]
            pausing.result()
        status = house.managing.status(sent.control)
        events = [event.type for event in status.events]
        [paused] = [event for event in status.events if event.type == "message.paused"]

        opened = events[: events.index("message.paused")].count("link.revealed")
        assert opened == events.count("link.revealed") == texts.count("x")
        assert paused.facts == {"leases": opened}
        assert sum(link.reveals for link in status.links) == opened
        seen.add(opened)

    assert len(seen) > 1, "or it was no race"
