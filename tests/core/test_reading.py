"""Looking, revealing and acknowledging, through the real store."""

from __future__ import annotations

import pytest

from restante.crypto.tokens import ControlToken
from restante.details import Details
from restante.errors import (
    Gone,
    Held,
    NotFound,
)
from restante.messages import Draft, Evidence, State
from restante.store.keys import TAGS
from tests.conftest import check_times, due_of, happened, kept_of, read, reader_key

EVIDENCE = Evidence("192.0.2.0/24", "Firefox", "Windows")

LEASE = 120_000


def look(house, link, *readers):
    return house.reading.preview(link, [reader_key(r) for r in readers], visitor="browser")


def key_of(sent, kind, rest=b""):
    ident = sent.message_id if kind in {"message", "content", "events"} else sent.links[0].link_id
    return b"{%b}:%b:%b%b" % (TAGS[sent.control.shard].encode(), kind.encode(), ident, rest)


def test_looking_any_number_of_times_changes_nothing_but_the_looks(house, raw):
    sent = house.sending.send(
        Draft("x", details=Details(sender_name="Ana", subject="Hi"), passphrase="p")
    )
    link = sent.links[0].token
    before = {k: v for k, v in kept_of(raw, sent).items() if not k.startswith(b"looks:")}
    for _ in range(150):
        gate = look(house, link, 1)

    assert gate.state is State.SEALED
    assert (gate.details.sender_name, gate.details.subject) == ("Ana", "Hi")
    assert (gate.views_left, gate.needs_passphrase, gate.tries_left) == (1, True, 10)
    assert (gate.opens_at, gate.expires_at) == (sent.opens_at, sent.expires_at)
    assert {k: v for k, v in kept_of(raw, sent).items() if not k.startswith(b"looks:")} == before
    assert happened(house, sent) == ["message.sent"]
    assert len(house.managing.status(sent.control).looks) == 100
    check_times(raw, sent)


def test_a_machines_look_at_a_link_is_told_at_that_link_for_ten_minutes(turned_house, clock):
    sent = turned_house.sending.send(Draft("x", recipients=("Ana", "Ben")))
    ana, ben = (link.token for link in sent.links)

    def is_watched(link, visitor="browser"):
        return turned_house.reading.preview(link, visitor=visitor).watched

    machines = ("preview_bot", "prefetch", "scanner_suspected", "program")
    people = [is_watched(ana, kind) for kind in ("browser", "sender")]
    told = [is_watched(ana, kind) for kind in machines[:1]]
    clock.forward(599_999)
    still = is_watched(ana)
    clock.forward(1)
    over = is_watched(ana)
    each = []
    for kind in machines:
        each.append((is_watched(ana), is_watched(ana, kind)))
        clock.forward(600_000)

    assert (people, told, still, over) == ([False, False], [True], True, False)
    assert each == [(False, True)] * 4
    assert not is_watched(ben)


def test_no_flood_of_looks_hides_a_machines(turned_house, clock):
    sent = turned_house.sending.send(Draft("x", recipients=("Ana", "Ben")))
    ana, ben = (link.token for link in sent.links)
    for _ in range(100):
        turned_house.reading.preview(ben, visitor="browser")
    clock.forward(600_000)
    turned_house.reading.preview(ben, visitor="browser")
    before = turned_house.reading.preview(ana, visitor="browser").watched
    turned_house.reading.preview(ana, visitor="program")
    after = turned_house.reading.preview(ana, visitor="browser").watched
    for _ in range(100):
        clock.forward(1)
        turned_house.reading.preview(ben, visitor="program")
    looks = turned_house.managing.status(sent.control).looks

    assert (before, after) == (False, True)
    assert sum(look.visitor == "program" for look in looks) == 2


def test_once_a_hundred_looks_are_kept_one_a_minute_is_written(turned_house, clock):
    sent = turned_house.sending.send(Draft("x"))
    link = sent.links[0].token
    for _ in range(101):
        look(turned_house, link)
    clock.forward(59_999)
    look(turned_house, link)
    before = turned_house.managing.status(sent.control).looks
    clock.forward(1)
    look(turned_house, link)
    after = turned_house.managing.status(sent.control).looks

    assert len(before) == len(after) == 100
    assert before[0].at == sent.sent_at
    assert after[0].at == clock.now()


def test_a_look_keeps_its_class_and_evidence_and_no_class_writes_none(house):
    sent = house.sending.send(Draft("x"))
    link = sent.links[0].token
    house.reading.preview(link, visitor="", evidence=EVIDENCE)
    house.reading.preview(link, visitor="scanner", evidence=EVIDENCE)
    (one,) = house.managing.status(sent.control).looks

    assert (one.kind, one.visitor, one.link_id) == ("link.fetched", "scanner", link.link_id)
    assert one.evidence == EVIDENCE.as_dict()


def test_the_gate_tells_which_of_a_browser_s_reader_keys_is_next(turned_house, clock):
    sent = turned_house.sending.send(Draft("x", views=3))
    link = sent.links[0].token

    assert (look(turned_house, link).ordinal, look(turned_house, link, 1, 2).ordinal) == (None, 0)
    read(turned_house, link, 1)
    gate = look(turned_house, link, 1, 2)
    assert (gate.ordinal, gate.lease_until) == (0, clock.now() + LEASE)
    clock.forward(LEASE)
    gate = look(turned_house, link, 1, 2)
    assert (gate.ordinal, gate.lease_until) == (1, None)
    read(turned_house, link, 2)
    assert look(turned_house, link, 1, 2).ordinal == 1
    assert look(turned_house, link, 3, 2).ordinal == 1
    turned_house.answering.acknowledge(link, reader_key(2), keep=False)
    assert look(turned_house, link, 1, 2).ordinal is None
    assert look(turned_house, link, 2, 3).ordinal == 1


def test_the_gate_of_a_link_that_ended_tells_how(turned_house, clock):
    sent = turned_house.sending.send(Draft("x", recipients=("Ana", "Bob", "Cid"), views=2))
    ana, bob, cid = (link.token for link in sent.links)
    turned_house.managing.recall(sent.control, [ana.link_id], reason="oops")
    read(turned_house, bob, 1)
    read(turned_house, bob, 2)
    recalled, spent = look(turned_house, ana), look(turned_house, bob)
    clock.forward(8 * 86_400_000)
    expired = look(turned_house, cid)

    assert (recalled.state, recalled.reason, recalled.ended_at) == (
        "recalled",
        "oops",
        sent.sent_at,
    )
    assert (spent.state, spent.reason, spent.ended_at) == ("spent", None, sent.sent_at)
    assert (expired.state, expired.ended_at) == ("expired", sent.expires_at)
    assert recalled.views_left == spent.views_left == expired.views_left == 0


def test_an_unknown_link_is_not_found_whatever_is_asked(house):
    link = ControlToken.new().link(0)
    for ask in (
        lambda: look(house, link, 1),
        lambda: read(house, link),
        lambda: read(house, link, 1, "p"),
        lambda: house.answering.acknowledge(link, reader_key(), keep=True),
    ):
        with pytest.raises(NotFound):
            ask()


def test_each_view_goes_to_one_reader_and_then_it_is_gone(house, raw):
    sent = house.sending.send(Draft("x", views=3))
    link = sent.links[0].token
    contents = [
        house.reading.reveal(link, reader_key(r), None, visitor="browser", evidence=EVIDENCE)
        for r in (1, 2, 3)
    ]

    assert [content.text for content in contents] == ["x"] * 3
    assert [content.views_left for content in contents] == [2, 1, 0]
    assert [str(content.state) for content in contents] == ["read", "read", "spent"]
    assert all(content.fresh for content in contents)
    with pytest.raises(Gone) as caught:
        read(house, link, 4)
    assert caught.value.state == "spent"
    status = house.managing.status(sent.control)
    assert (status.links[0].reveals, status.links[0].views_left) == (3, 0)
    revealed = status.events[1:]
    assert [(e.type, e.facts) for e in revealed] == [
        ("link.revealed", {"view": v}) for v in (1, 2, 3)
    ]
    assert all(event.evidence == EVIDENCE.as_dict() for event in revealed)
    check_times(raw, sent)


def test_within_its_lease_a_reader_gets_its_view_again_without_another(turned_house, clock):
    sent = turned_house.sending.send(Draft("x", details=Details(sender_name="Ana", subject="Hi")))
    link = sent.links[0].token
    first = turned_house.reading.reveal(link, reader_key(), None, visitor="browser")
    clock.forward(LEASE - 1)
    again = turned_house.reading.reveal(
        link, reader_key(), None, visitor="program", evidence=EVIDENCE
    )

    assert first.lease_until == again.lease_until == first.at + LEASE
    assert (again.text, again.fresh, again.state, again.views_left) == ("x", False, "spent", 0)
    assert (again.details.sender_name, again.details.subject) == ("Ana", "Hi")
    status = turned_house.managing.status(sent.control)
    assert status.links[0].reveals == 1
    assert [(o.kind, o.visitor) for o in status.looks] == [("link.reread", "program")]
    clock.forward(1)
    with pytest.raises(Gone):
        read(turned_house, link)


def test_a_reader_key_opens_one_view_ever(turned_house, clock):
    sent = turned_house.sending.send(Draft("x", views=2))
    link = sent.links[0].token
    read(turned_house, link, 1)
    clock.forward(LEASE)
    with pytest.raises(Gone) as caught:
        read(turned_house, link, 1)

    assert caught.value.state == "read"
    assert read(turned_house, link, 2) == "x"


def test_a_lease_does_not_outlive_the_message(turned_house, clock, raw):
    sent = turned_house.sending.send(Draft("x", expires_in_seconds=60, views=2))
    link = sent.links[0].token
    clock.forward(30_000)
    content = turned_house.reading.reveal(link, reader_key(), None, visitor="browser")

    assert content.lease_until == sent.expires_at
    clock.forward(30_000)
    with pytest.raises(Gone) as caught:
        read(turned_house, link)
    assert caught.value.state == "expired"


def test_the_key_of_a_spent_link_goes_with_its_last_lease(turned_house, clock, raw):
    sent = turned_house.sending.send(Draft("x", views=2))
    link = sent.links[0].token
    read(turned_house, link, 1)
    clock.forward(1000)
    content = turned_house.reading.reveal(link, reader_key(2), None, visitor="browser")

    assert raw.pexpiretime(key_of(sent, "key")) == content.lease_until
    assert due_of(raw, sent)[b"end:" + link.link_id] == content.lease_until
    turned_house.answering.acknowledge(link, reader_key(2), keep=False)
    assert raw.pexpiretime(key_of(sent, "key")) == content.lease_until - 1000
    assert due_of(raw, sent)[b"end:" + link.link_id] == content.lease_until - 1000
    turned_house.answering.acknowledge(link, reader_key(1), keep=False)
    assert not raw.exists(key_of(sent, "key"), key_of(sent, "content", b":1"))
    assert b"end:" + link.link_id not in due_of(raw, sent)


def test_a_held_message_opens_at_its_time_and_not_before(turned_house, clock):
    sent = turned_house.sending.send(Draft("x", hold_seconds=60, passphrase="p"))
    link = sent.links[0].token
    clock.forward(59_999)
    for passphrase in ("p", "wrong", None):
        with pytest.raises(Held) as caught:
            read(turned_house, link, 1, passphrase)
        assert (caught.value.opens_at, caught.value.at) == (sent.opens_at, clock.now())
    assert look(turned_house, link).state is State.HELD
    clock.forward(1)

    assert look(turned_house, link).state is State.SEALED
    assert look(turned_house, link).tries_left == 10
    assert read(turned_house, link, 1, "p") == "x"


def test_acknowledging_to_keep_records_it_and_leaves_the_lease(turned_house, clock):
    sent = turned_house.sending.send(Draft("x"))
    link = sent.links[0].token
    read(turned_house, link)
    at = clock.forward(1000)
    turned_house.answering.acknowledge(link, reader_key(), keep=True, evidence=EVIDENCE)
    clock.forward(1000)

    assert turned_house.managing.status(sent.control).links[0].acknowledged_at == at
    assert read(turned_house, link) == "x"
    event = turned_house.managing.status(sent.control).events[-1]
    assert (event.type, event.at, event.facts) == ("link.acknowledged", at, {"view": 1})
    assert event.evidence == EVIDENCE.as_dict()


def test_acknowledging_without_keeping_ends_the_view_at_once(house, raw):
    sent = house.sending.send(Draft("x"))
    link = sent.links[0].token
    read(house, link)
    house.answering.acknowledge(link, reader_key(), keep=False)

    with pytest.raises(Gone) as caught:
        read(house, link)
    assert caught.value.state == "spent"
    assert not [k for k in kept_of(raw, sent) if k.startswith((b"key:", b"content:"))]


def test_one_reader_s_acknowledgement_does_not_end_another_s_lease(house):
    sent = house.sending.send(Draft("x", views=2))
    link = sent.links[0].token
    read(house, link, 1)
    read(house, link, 2)
    house.answering.acknowledge(link, reader_key(1), keep=False)

    assert read(house, link, 2) == "x"
    with pytest.raises(Gone):
        read(house, link, 1)


def test_acknowledging_again_answers_the_same_and_is_one_event(house):
    sent = house.sending.send(Draft("x"))
    link = sent.links[0].token
    read(house, link)
    for keep in (True, True, False, False, True):
        house.answering.acknowledge(link, reader_key(), keep=keep)

    assert happened(house, sent).count("link.acknowledged") == 1
    with pytest.raises(Gone):
        read(house, link)


def test_only_a_reader_of_a_view_can_acknowledge_it(house):
    sent = house.sending.send(Draft("x", views=2))
    link = sent.links[0].token
    read(house, link, 1)
    with pytest.raises(NotFound):
        house.answering.acknowledge(link, reader_key(2), keep=False)

    assert "link.acknowledged" not in happened(house, sent)


def test_a_view_acknowledged_before_another_is_spent_leaves_the_link_readable(house):
    sent = house.sending.send(Draft("x", views=2))
    link = sent.links[0].token
    read(house, link, 1)
    house.answering.acknowledge(link, reader_key(1), keep=False)

    assert read(house, link, 2) == "x"
