"""Recalling: verdicts that are true, and the same when asked again."""

from __future__ import annotations

import pytest

from restante.errors import (
    Gone,
    Invalid,
    PassphraseWrong,
)
from restante.messages import Draft, Evidence, Outcome
from restante.settings import DAY
from tests.conftest import happened, kept_of, read, reader_key

EVIDENCE = Evidence("192.0.2.0/24", "Firefox", "Windows")


def states(house, sent):
    return [str(link.state) for link in house.managing.status(sent.control).links]


def outcomes(verdicts):
    return [str(verdict.outcome) for verdict in verdicts]


def test_what_nobody_read_is_recalled_unread_and_nobody_reads_it_then(house, raw):
    sent = house.sending.send(Draft("x", recipients=("Ana", "Bob")))
    verdicts = house.managing.recall(sent.control, reason="the wro\u0308ng Ana", evidence=EVIDENCE)

    assert outcomes(verdicts) == ["recalled_unread"] * 2
    assert [(v.recipient, v.reveals, v.first_revealed_at) for v in verdicts] == [
        ("Ana", 0, None),
        ("Bob", 0, None),
    ]
    assert [v.link_id for v in verdicts] == [link.link_id for link in sent.links]
    for link in sent.links:
        with pytest.raises(Gone) as caught:
            read(house, link.token)
        assert (caught.value.state, caught.value.reason) == ("recalled", "the wr\u00f6ng Ana")
        assert caught.value.ended_at == verdicts[0].recalled_at
    assert not [key for key in kept_of(raw, sent) if key.startswith((b"key:", b"content:"))]
    recalled = house.managing.status(sent.control).events[1:]
    assert [event.type for event in recalled] == ["link.recalled"] * 2
    assert recalled[0].facts == {"outcome": "recalled_unread", "reason": "the wr\u00f6ng Ana"}
    assert recalled[0].evidence == EVIDENCE.as_dict()


def test_the_verdict_counts_what_was_released_before(turned_house, clock):
    sent = turned_house.sending.send(Draft("x", views=3))
    link = sent.links[0].token
    first = clock.forward(10)
    read(turned_house, link, 1)
    clock.forward(10)
    read(turned_house, link, 2)
    acknowledged = clock.forward(10)
    turned_house.answering.acknowledge(link, reader_key(2), keep=True)
    recalled = clock.forward(10)
    (verdict,) = turned_house.managing.recall(sent.control)

    assert verdict.outcome is Outcome.RECALLED_AFTER_READ
    assert verdict.reveals == 2
    assert verdict.first_revealed_at == first
    assert verdict.acknowledged_at == acknowledged
    assert verdict.recalled_at == recalled


def test_a_recall_ends_the_leases(house):
    sent = house.sending.send(Draft("x", recipients=("Ana", "Bob"), views=2))
    one, other = (link.token for link in sent.links)
    read(house, one, 1)
    read(house, other, 1)
    read(house, other, 2)
    verdicts = house.managing.recall(sent.control)

    assert outcomes(verdicts) == ["recalled_after_read", "already_spent"]
    for link, state in ((one, "recalled"), (other, "spent")):
        with pytest.raises(Gone) as caught:
            read(house, link, 1)
        assert caught.value.state == state


def test_asked_again_a_recall_gives_the_first_verdict_and_time(turned_house, clock):
    sent = turned_house.sending.send(Draft("x", recipients=("Ana", "Bob", "Cid")))
    read(turned_house, sent.links[2].token)
    first = turned_house.managing.recall(sent.control, [sent.links[0].link_id], reason="first")
    clock.forward(1000)
    both = turned_house.managing.recall(sent.control, reason="second")
    clock.forward(8 * DAY * 1000)
    turned_house.timekeeping.catch_up()
    again = turned_house.managing.recall(sent.control, reason="third")

    assert both[0] == first[0]
    assert again == both
    assert outcomes(again) == ["recalled_unread", "recalled_unread", "already_spent"]
    assert both[1].recalled_at == first[0].recalled_at + 1000
    events = turned_house.managing.status(sent.control).events
    assert [e.facts["reason"] for e in events if e.type == "link.recalled"] == [
        "first", "second", "second",
    ]  # fmt: skip


def test_a_recall_of_one_link_leaves_the_others(house):
    sent = house.sending.send(Draft("x", recipients=("Ana", "Bob")))
    (verdict,) = house.managing.recall(sent.control, [sent.links[1].link_id] * 2)

    assert verdict.link_id == sent.links[1].link_id
    assert states(house, sent) == ["sealed", "recalled"]
    assert read(house, sent.links[0].token) == "x"


@pytest.mark.parametrize("odd", [bytes(16), b"", b"x", bytes(32)])
def test_a_recall_that_names_a_link_of_nobody_does_nothing(house, odd):
    sent = house.sending.send(Draft("x"))
    with pytest.raises(Invalid) as caught:
        house.managing.recall(sent.control, [sent.links[0].link_id, odd])

    assert [fault.field for fault in caught.value.faults] == ["links"]
    assert happened(house, sent) == ["message.sent"]
    assert states(house, sent) == ["sealed"]


def test_a_recall_that_names_another_message_s_link_does_nothing_to_either(house):
    mine, other = (house.sending.send(Draft("x")) for _ in range(2))
    with pytest.raises(Invalid):
        house.managing.recall(mine.control, [other.links[0].link_id])

    assert states(house, mine) == states(house, other) == ["sealed"]


def test_a_reason_out_of_bounds_is_invalid_and_nothing_is_recalled(house):
    sent = house.sending.send(Draft("x"))
    for reason in ("", "x" * 501, "a\nb"):
        with pytest.raises(Invalid):
            house.managing.recall(sent.control, reason=reason)

    assert states(house, sent) == ["sealed"]


def test_what_had_ended_is_judged_by_how_it_ended(turned_house, clock):
    sent = turned_house.sending.send(Draft("x", recipients=("Ana", "Bob"), passphrase="p"))
    for _ in range(10):
        with pytest.raises((PassphraseWrong, Gone)):
            read(turned_house, sent.links[0].token, 1, "wrong")
    clock.forward(8 * DAY * 1000)
    verdicts = turned_house.managing.recall(sent.control, reason="too late")
    turned_house.timekeeping.catch_up()

    assert outcomes(verdicts) == ["already_locked", "already_expired"]
    assert states(turned_house, sent) == ["locked", "expired"]
    assert turned_house.managing.recall(sent.control) == verdicts
    with pytest.raises(Gone) as caught:
        read(turned_house, sent.links[1].token)
    assert caught.value.reason is None


def test_a_held_message_is_recalled_unread(house):
    sent = house.sending.send(Draft("oops", hold_seconds=60))

    assert outcomes(house.managing.recall(sent.control)) == ["recalled_unread"]
