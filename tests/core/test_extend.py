"""Moving the expiry."""

from __future__ import annotations

import pytest

from restante.errors import (
    Gone,
    Invalid,
)
from restante.messages import Draft, Evidence
from restante.settings import DAY
from restante.store.keys import message as message_key
from tests.conftest import check_times, due_of, happened, kept_of, read, reader_key

EVIDENCE = Evidence("192.0.2.0/24", "Firefox", "Windows")


def states(house, sent):
    return [str(link.state) for link in house.managing.status(sent.control).links]


def test_extend_moves_the_expiry_later_and_earlier_from_now(turned_house, clock, raw):
    sent = turned_house.sending.send(Draft("x", recipients=("Ana", "Bob"), expires_in_seconds=600))
    clock.forward(1000)
    for seconds in (7200, 60, 3600):
        expires_at = turned_house.managing.extend(sent.control, seconds, evidence=EVIDENCE)

        assert expires_at == clock.now() + seconds * 1000
        assert turned_house.managing.status(sent.control).expires_at == expires_at
        kept = kept_of(raw, sent)
        assert {kept[b"key:" + link.link_id] for link in sent.links} == {expires_at}
        assert kept[b"content:" + sent.message_id + b":1"] == expires_at
        assert set(due_of(raw, sent).values()) == {expires_at}
        check_times(raw, sent)
    last = turned_house.managing.status(sent.control).events[-1]
    assert last.type == "message.extended"
    assert last.facts == {"from": clock.now() + 60_000, "to": expires_at}
    assert last.evidence == EVIDENCE.as_dict()


def test_extend_revives_nothing(turned_house, clock):
    sent = turned_house.sending.send(Draft("x", recipients=("Ana", "Bob", "Cid")))
    turned_house.managing.recall(sent.control, [sent.links[0].link_id])
    read(turned_house, sent.links[1].token)
    turned_house.managing.extend(sent.control, DAY)

    assert states(turned_house, sent) == ["recalled", "spent", "sealed"]
    with pytest.raises(Gone):
        read(turned_house, sent.links[0].token)
    clock.forward(DAY * 1000)
    with pytest.raises(Gone):
        turned_house.managing.extend(sent.control, DAY)
    turned_house.timekeeping.catch_up()
    with pytest.raises(Gone):
        turned_house.managing.extend(sent.control, DAY)
    assert states(turned_house, sent) == ["recalled", "spent", "expired"]


def test_extend_does_not_let_a_message_expire_before_it_opens(house):
    sent = house.sending.send(Draft("x", hold_seconds=3600))
    with pytest.raises(Invalid):
        house.managing.extend(sent.control, 3600 - 60)

    assert house.managing.status(sent.control).expires_at == sent.expires_at


@pytest.mark.parametrize("seconds", [59, 0, -1, 365 * DAY + 1])
def test_extend_has_bounds(house, seconds):
    sent = house.sending.send(Draft("x"))
    with pytest.raises(Invalid):
        house.managing.extend(sent.control, seconds)

    assert happened(house, sent) == ["message.sent"]


def test_a_lease_ends_with_a_message_that_was_made_to_expire_sooner(turned_house, clock, raw):
    """The earlier reader's lease would outlive the message, and with it the key its content."""
    sent = turned_house.sending.send(Draft("x", views=2))
    link = sent.links[0].token
    read(turned_house, link, 1)
    expires_at = turned_house.managing.extend(sent.control, 60)
    read(turned_house, link, 2)
    check_times(raw, sent)

    assert kept_of(raw, sent)[b"key:" + link.link_id] == expires_at
    preview = turned_house.reading.preview(link, [reader_key(1)], visitor="")
    assert preview.lease_until == expires_at
    clock.forward(60_000)
    for reader in (1, 2):
        with pytest.raises(Gone):
            read(turned_house, link, reader)


def test_a_spent_link_s_lease_is_kept_whatever_becomes_of_the_others(turned_house, clock, raw):
    sent = turned_house.sending.send(Draft("x", recipients=("Ana", "Bob")))
    read(turned_house, sent.links[0].token)
    turned_house.managing.extend(sent.control, 60)
    turned_house.sending.replace(sent.control, "y")
    turned_house.managing.recall(sent.control, [sent.links[1].link_id])
    check_times(raw, sent)
    clock.forward(119_999)

    assert read(turned_house, sent.links[0].token) == "x"


def test_an_expiry_is_moved_so_often_only(turned_house, raw):
    sent = turned_house.sending.send(Draft("x"))
    turned_house.managing.extend(sent.control, 60)
    raw.hset(message_key(sent.control), "extended", 999)
    turned_house.managing.extend(sent.control, 120)
    with pytest.raises(Invalid) as refused:
        turned_house.managing.extend(sent.control, 180)

    assert [(f.field, f.detail) for f in refused.value.faults] == [
        ("expires_in", "moved too often")
    ]
    assert happened(turned_house, sent).count("message.extended") == 2
