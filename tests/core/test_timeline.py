"""The timeline: what the sender is told, in order, with private facts unboxed."""

from __future__ import annotations

import pytest

from restante import wiring
from restante.errors import Gone, PassphraseWrong
from restante.messages import Draft, Evidence
from restante.settings import Settings
from tests.conftest import Clock, read, reader_key

SENDER = Evidence("198.51.100.0/24", "Chrome", "Linux")
READER = Evidence("192.0.2.0/24", "Firefox", "Windows")


@pytest.fixture(scope="module")
def life(connection, ring):
    """A message to which everything happened, a second apart.  The tests only look at it."""
    clock = Clock()
    house = wiring.assemble(Settings(), ring, connection, now=clock.now)
    draft = Draft("x", recipients=("Ana", "Bob", "Cid", "Dot"), views=2, passphrase="p")
    sent = house.sending.send(draft, evidence=SENDER)
    ana, bob, cid, dot = (link.token for link in sent.links)

    def reveal(link, reader, passphrase):
        return house.reading.reveal(
            link, reader_key(reader), passphrase, visitor="browser", evidence=READER
        )

    clock.forward(1000)
    with pytest.raises(PassphraseWrong):
        reveal(ana, 1, "wrong")
    clock.forward(1000)
    reveal(ana, 1, "p")
    clock.forward(1000)
    house.answering.acknowledge(ana, reader_key(1), keep=True, evidence=READER)
    clock.forward(1000)
    house.sending.replace(sent.control, "y", passphrase="p", evidence=SENDER)
    clock.forward(1000)
    house.managing.extend(sent.control, 600, evidence=SENDER)
    clock.forward(1000)
    reveal(ana, 1, "p")
    reveal(ana, 2, "p")
    clock.forward(1000)
    house.managing.recall(sent.control, [bob.link_id], reason="r", evidence=SENDER)
    clock.forward(1000)
    for _ in range(9):
        with pytest.raises(PassphraseWrong):
            reveal(cid, 1, "wrong")
    clock.forward(1000)
    house.reading.preview(dot, visitor="scanner", evidence=READER)
    return house, sent


def test_the_timeline_tells_everything_once_and_in_order(life):
    house, sent = life
    ana, bob, cid, dot = (link.link_id for link in sent.links)
    status = house.managing.status(sent.control)
    at = sent.sent_at

    assert [(e.type, e.link_id, e.at - at) for e in status.events] == [
        ("message.sent", None, 0),
        ("link.passphrase_wrong", ana, 1000),
        ("link.revealed", ana, 2000),
        ("link.acknowledged", ana, 3000),
        ("message.replaced", None, 4000),
        ("link.replaced", bob, 4000),
        ("link.replaced", cid, 4000),
        ("link.replaced", dot, 4000),
        ("message.extended", None, 5000),
        ("link.revealed", ana, 6000),
        ("link.recalled", bob, 7000),
        *[("link.passphrase_wrong", cid, 8000)] * 9,
    ]
    assert [event.number for event in status.events] == list(range(1, 21))


def test_every_event_has_its_facts(life):
    house, sent = life
    events = house.managing.status(sent.control).events
    facts = {event.type: event.facts for event in events}

    assert facts["message.sent"] == {"links": 4, "views": 2, "passphrase": True}
    assert facts["message.sent"]["passphrase"] is True
    assert facts["link.revealed"] == {"view": 2}
    assert facts["link.acknowledged"] == {"view": 1}
    assert facts["message.replaced"] == facts["link.replaced"] == {"version": 2}
    assert facts["message.extended"] == {"from": sent.expires_at, "to": sent.sent_at + 605_000}
    assert facts["link.recalled"] == {"outcome": "recalled_unread", "reason": "r"}
    assert facts["link.passphrase_wrong"] == {"tries_left": 1}


def test_evidence_belongs_to_whoever_did_it(life):
    house, sent = life
    for event in house.managing.status(sent.control).events:
        by_sender = event.type.startswith("message.") or event.type == "link.recalled"
        expected = (
            {} if event.type == "link.replaced" else (SENDER if by_sender else READER).as_dict()
        )

        assert event.evidence == expected, event.type


def test_looks_are_kept_apart_newest_first(life):
    house, sent = life
    status = house.managing.status(sent.control)

    assert [(look.kind, look.visitor) for look in status.looks] == [
        ("link.fetched", "scanner"),
        ("link.reread", "browser"),
    ]
    assert {look.link_id for look in status.looks} == {sent.links[0].link_id, sent.links[3].link_id}
    assert not any(event.type in {"link.fetched", "link.reread"} for event in status.events)


def test_the_links_tell_how_each_stands(life):
    house, sent = life
    ana, bob, cid, dot = house.managing.status(sent.control).links
    at = sent.sent_at

    assert [str(link.state) for link in (ana, bob, cid, dot)] == [
        "spent",
        "recalled",
        "sealed",
        "sealed",
    ]
    assert (ana.reveals, ana.views_left, dot.views_left, bob.views_left) == (2, 0, 2, 0)
    assert (ana.first_revealed_at, ana.last_revealed_at) == (at + 2000, at + 6000)
    assert ana.acknowledged_at == at + 3000
    assert (bob.outcome, bob.recalled_at, bob.ended_at) == ("recalled_unread", at + 7000, at + 7000)
    assert (dot.outcome, dot.ended_at, dot.acknowledged_at, dot.first_revealed_at) == (None,) * 4


def test_the_last_wrong_passphrase_is_a_lock_in_the_timeline(connection, ring):
    house = wiring.assemble(Settings(passphrase_tries=1), ring, connection)
    sent = house.sending.send(Draft("x", passphrase="p"))
    with pytest.raises(Gone):
        read(house, sent.links[0].token, 1, "wrong")
    last = house.managing.status(sent.control).events[-1]

    assert (last.type, last.facts, last.link_id) == ("link.locked", {}, sent.links[0].link_id)


def test_a_recall_s_reason_is_told_apart_from_its_evidence(house):
    sent = house.sending.send(Draft("x"))
    house.managing.recall(sent.control, reason="oops")
    event = house.managing.status(sent.control).events[-1]

    assert event.facts["reason"] == "oops"
    assert event.evidence == {}


def test_facts_that_look_like_numbers_are_numbers_and_words_stay_words(house):
    sent = house.sending.send(Draft("x", views=7), evidence=Evidence(browser="1=2,x=3\n"))
    (event,) = house.managing.status(sent.control).events

    assert event.facts == {"links": 1, "views": 7, "passphrase": False}
    assert event.evidence == {"browser": "1=2,x=3\n"}
