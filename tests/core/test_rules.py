"""Rules: at their time unread links are told of, or recalled, whether or not a worker runs."""

from __future__ import annotations

import pytest

from restante.errors import Gone, PassphraseWrong, Paused
from restante.messages import Draft, Evidence
from restante.rules import Rules
from restante.settings import Settings
from restante.store.keys import outbox
from tests.conftest import check_times, due_of, happened, kept_of, read, reader_key
from tests.support.ruled import HOUR, HOUR_MS, facts, ruled

EVIDENCE = Evidence("192.0.2.0/24", "Firefox", "Windows")


def test_a_rule_tells_once_at_its_time_of_what_is_unread_then(turned_house, clock, raw):
    house = turned_house
    sent = ruled(house, tell_after=HOUR)
    at = sent.opens_at + HOUR_MS
    assert house.managing.status(sent.control).tell_at == at
    read(house, sent.links[0].token)
    clock.forward(HOUR_MS - 1)
    house.timekeeping.catch_up()
    assert facts(house, sent, "link.unread") == []
    clock.forward(1)
    for _ in range(2):
        house.timekeeping.catch_up()
    assert facts(house, sent, "link.unread") == [(at, {"told_at": at})]
    status = house.managing.status(sent.control)
    assert [link.unread_at for link in status.links] == [None, at]
    assert (status.tell_at, status.recall_at) == (None, None)

    assert read(house, sent.links[1].token) == "x"
    check_times(raw, sent)
    assert b"rule:" + sent.message_id not in due_of(raw, sent)


def test_a_rule_recalls_what_is_unread_at_its_time(turned_house, clock, raw):
    house = turned_house
    sent = ruled(house, recall_after=HOUR)
    at = sent.opens_at + HOUR_MS
    ana, bob = (link.token for link in sent.links)
    read(house, ana)
    clock.forward(HOUR_MS)
    house.timekeeping.catch_up()

    with pytest.raises(Gone) as gone:
        read(house, bob)
    assert (gone.value.state, gone.value.ended_at) == ("recalled", at)
    assert read(house, ana, 2) == "x"
    assert facts(house, sent, "link.recalled") == [
        (at, {"outcome": "recalled_unread", "by": "rule", "told_at": at})
    ]
    status = house.managing.status(sent.control)
    assert [(link.outcome, link.recalled_at, link.by_rule) for link in status.links] == [
        (None, None, False), ("recalled_unread", at, True),
    ]  # fmt: skip
    assert b"key:" + bob.link_id not in kept_of(raw, sent)
    check_times(raw, sent)


def test_at_its_time_a_link_is_recalled_even_if_no_worker_runs(turned_house, clock, raw):
    house = turned_house
    sent = ruled(house, recall_after=HOUR)
    at = sent.opens_at + HOUR_MS
    ana = sent.links[0].token
    assert kept_of(raw, sent)[b"key:" + ana.link_id] == at
    clock.forward(HOUR_MS - 1)
    assert house.reading.preview(ana, visitor="").state == "sealed"
    clock.forward(2)
    gate = house.reading.preview(ana, visitor="")
    status = house.managing.status(sent.control)

    assert (gate.state, gate.ended_at) == ("recalled", at)
    assert {(link.state, link.outcome, link.recalled_at) for link in status.links} == {
        ("recalled", "recalled_unread", at)
    }
    assert (status.recall_at, happened(house, sent)) == (None, ["message.sent"])
    with pytest.raises(Gone):
        read(house, ana)
    assert happened(house, sent) == ["message.sent", "link.recalled", "link.recalled"]
    assert [told["told_at"] for _, told in facts(house, sent, "link.recalled")] == [at + 1] * 2


def test_a_worker_that_was_away_is_late_and_says_so(turned_house, clock):
    """Also if the message expired meanwhile."""
    house = turned_house
    sent = house.sending.send(Draft("x", expires_in_seconds=3 * HOUR, rules=Rules(HOUR, 2 * HOUR)))
    tell_at, recall_at = sent.opens_at + HOUR_MS, sent.opens_at + 2 * HOUR_MS
    late = clock.forward(5 * HOUR_MS)
    house.timekeeping.catch_up()

    assert facts(house, sent, "link.unread") == [(tell_at, {"told_at": late})]
    assert facts(house, sent, "link.recalled") == [
        (recall_at, {"outcome": "recalled_unread", "by": "rule", "told_at": late})
    ]
    assert happened(house, sent) == ["message.sent", "link.unread", "link.recalled"]
    assert [str(link.state) for link in house.managing.status(sent.control).links] == ["recalled"]


def test_a_reader_who_comes_before_the_worker_is_told_of_after_the_rule(turned_house, clock):
    """It was unread at its time: the sender is told so, and then that it was opened."""
    house = turned_house
    sent = ruled(house, tell_after=HOUR)
    clock.forward(2 * HOUR_MS)
    assert read(house, sent.links[0].token) == "x"
    house.timekeeping.catch_up()

    assert happened(house, sent) == [
        "message.sent", "link.unread", "link.unread", "link.revealed",
    ]  # fmt: skip


def test_who_holds_a_lease_has_read_it(turned_house, clock, raw):
    """The last view before the time counts; its lease runs on."""
    house = turned_house
    sent = house.sending.send(Draft("x", rules=Rules(recall_after=HOUR)))
    link = sent.links[0].token
    clock.forward(HOUR_MS - 1)
    read(house, link)
    clock.forward(2)
    house.timekeeping.catch_up()

    assert read(house, link) == "x"
    assert happened(house, sent) == ["message.sent", "link.revealed"]
    assert b"rule:" + sent.message_id not in due_of(raw, sent)


def test_a_link_that_ended_before_is_not_told_of(turned_house, clock):
    """Spent, locked, recalled and expired links have events of their own."""
    house = turned_house
    draft = Draft("x", recipients=tuple("abc"), passphrase="p", rules=Rules(HOUR, 2 * HOUR))
    sent = house.sending.send(draft)
    a, b, c = sent.links
    read(house, a.token, 1, "p")
    for number in range(Settings().passphrase_tries):
        with pytest.raises((PassphraseWrong, Gone)):
            read(house, b.token, number, "wrong")
    house.managing.recall(sent.control, [c.link_id])
    clock.forward(3 * HOUR_MS)
    house.timekeeping.catch_up()

    assert facts(house, sent, "link.unread") == []
    assert [told for _, told in facts(house, sent, "link.recalled")] == [
        {"outcome": "recalled_unread"}
    ]


def test_a_reader_who_declined_has_not_read_it(turned_house, clock):
    house = turned_house
    sent = house.sending.send(Draft("x", rules=Rules(HOUR, 2 * HOUR)))
    house.answering.decline(sent.links[0].token, [reader_key(1)])
    clock.forward(2 * HOUR_MS)
    house.timekeeping.catch_up()

    assert happened(house, sent)[1:] == ["link.declined", "link.unread", "link.recalled"]


def test_time_goes_on_while_a_message_is_paused(turned_house, clock):
    house = turned_house
    sent = house.sending.send(Draft("x", rules=Rules(HOUR, 2 * HOUR)))
    link = sent.links[0].token
    house.managing.pause(sent.control)
    clock.forward(HOUR_MS)
    house.timekeeping.catch_up()
    with pytest.raises(Paused):
        read(house, link)
    clock.forward(HOUR_MS)
    with pytest.raises(Gone):
        house.managing.resume(sent.control)
    with pytest.raises(Gone):
        read(house, link)

    assert happened(house, sent)[1:] == ["message.paused", "link.unread", "link.recalled"]


def test_a_message_that_expires_before_a_rule_expires(turned_house, clock, raw):
    house = turned_house
    sent = house.sending.send(Draft("x", rules=Rules(HOUR, 2 * HOUR)))
    house.managing.extend(sent.control, HOUR)
    clock.forward(2 * HOUR_MS)
    house.timekeeping.catch_up()

    assert happened(house, sent)[1:] == ["message.extended", "link.expired"]
    assert b"rule:" + sent.message_id not in due_of(raw, sent)


def test_a_recall_after_a_rule_gives_the_rule_s_verdict(turned_house, clock):
    house = turned_house
    sent = ruled(house, recall_after=HOUR)
    read(house, sent.links[0].token)
    clock.forward(2 * HOUR_MS)
    verdicts = [house.managing.recall(sent.control, reason="late") for _ in range(2)]

    assert verdicts[0] == verdicts[1]
    assert [(one.outcome, one.recalled_at, one.by_rule) for one in verdicts[0]] == [
        ("recalled_after_read", clock.now(), False),
        ("recalled_unread", sent.opens_at + HOUR_MS, True),
    ]
    assert happened(house, sent)[2:] == ["link.recalled", "link.recalled"]


def test_a_rule_wakes_the_webhook(turned_house, clock, raw):
    house = turned_house
    sent = house.sending.send(
        Draft("x", webhook="https://hooks.example/x", rules=Rules(HOUR, 2 * HOUR))
    )
    member = sent.message_id + b":webhook"
    clock.forward(HOUR_MS)
    house.timekeeping.catch_up()
    at = raw.zscore(outbox(sent.control.shard), member)
    clock.forward(HOUR_MS)
    house.timekeeping.catch_up()

    assert at == sent.opens_at + HOUR_MS
    [delivery] = [
        one
        for one in house.delivering.take(sent.control.shard, 100)
        if one.due.message_id == sent.message_id
    ]
    assert len(delivery.notifications) == 2
