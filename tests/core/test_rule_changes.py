"""Which rules a message can have, and how they change."""

from __future__ import annotations

import pytest

from restante.errors import Gone, Invalid, NotFound
from restante.messages import Draft, Evidence
from restante.rules import RECALL, TELL, Rules
from restante.settings import DAY, Settings
from restante.store.keys import message as message_key
from tests.conftest import check_times, due_of, happened, kept_of, read
from tests.support.ruled import HOUR, HOUR_MS, facts, ruled

EVIDENCE = Evidence("192.0.2.0/24", "Firefox", "Windows")


def test_time_counts_from_when_it_opens_and_later_from_now(turned_house, clock):
    house = turned_house
    sent = house.sending.send(Draft("x", hold_seconds=600, rules=Rules(HOUR, 2 * HOUR)))
    status = house.managing.status(sent.control)
    assert (status.tell_at, status.recall_at) == (
        sent.opens_at + HOUR_MS, sent.opens_at + 2 * HOUR_MS,
    )  # fmt: skip
    clock.forward(60_000)
    house.managing.set_rules(sent.control, Rules(tell_after=3 * HOUR), evidence=EVIDENCE)
    status = house.managing.status(sent.control)
    assert (status.tell_at, status.recall_at) == (
        clock.now() + 3 * HOUR_MS, sent.opens_at + 2 * HOUR_MS,
    )  # fmt: skip
    house.managing.set_rules(sent.control, Rules(0, 0))
    status = house.managing.status(sent.control)
    assert (status.tell_at, status.recall_at) == (None, None)
    house.managing.set_rules(sent.control, Rules(0, 0))

    changes = [e for e in status.events if e.type == "message.rules_changed"]
    assert [event.facts for event in changes] == [
        {"tell_unread_at": clock.now() + 3 * HOUR_MS,
         "recall_unread_at": sent.opens_at + 2 * HOUR_MS},
        {},
    ]  # fmt: skip
    assert changes[0].evidence == EVIDENCE.as_dict()
    assert happened(house, sent)[1:] == ["message.rules_changed"] * 2


def test_a_message_says_at_its_sending_which_rules_it_has(turned_house):
    sent = ruled(turned_house, tell_after=HOUR)
    [(_, told)] = facts(turned_house, sent, "message.sent")

    assert told == {
        "links": 2, "views": 2, "passphrase": False, "tell_unread_at": sent.opens_at + HOUR_MS,
    }  # fmt: skip


def test_a_replaced_text_and_a_moved_expiry_leave_a_rule_as_it_is(turned_house, clock):
    house = turned_house
    sent = house.sending.send(Draft("x", rules=Rules(recall_after=HOUR)))
    clock.forward(30 * 60_000)
    house.sending.replace(sent.control, "y")
    house.managing.extend(sent.control, DAY)
    clock.forward(30 * 60_000)

    with pytest.raises(Gone) as gone:
        read(house, sent.links[0].token)
    assert gone.value.ended_at == sent.opens_at + HOUR_MS
    _, [outcome] = house.sending.replace(sent.control, "z")
    assert outcome.outcome == "already_recalled"


@pytest.mark.parametrize(
    ("rules", "draft", "fields"),
    [
        (Rules(59), {}, [TELL]),
        (Rules(recall_after=0), {}, [RECALL]),
        (Rules(600, 601), {"expires_in_seconds": 600}, [TELL, RECALL]),
        (Rules(599, -1), {"expires_in_seconds": 600}, [RECALL]),
        (Rules(Settings().expiry_default), {}, [TELL]),
    ],
)
def test_a_rule_that_could_not_come_true_is_refused(turned_house, rules, draft, fields):
    with pytest.raises(Invalid) as refused:
        turned_house.sending.send(Draft("x", rules=rules, **draft))

    assert [fault.field for fault in refused.value.faults] == fields


def test_so_is_one_that_is_set_later(turned_house, clock):
    house = turned_house
    sent = house.sending.send(Draft("x", hold_seconds=600, expires_in_seconds=HOUR))
    link = sent.links[0].token

    def refused(*rules):
        with pytest.raises(Invalid) as error:
            house.managing.set_rules(sent.control, Rules(*rules))
        [fault] = error.value.faults
        return fault.field, fault.detail

    assert refused(59) == (TELL, "from 60 to 31536000 seconds, or 0")
    assert refused(None, 600) == (RECALL, "before the message opens")
    assert refused(600 + HOUR) == (TELL, "not before it expires")
    clock.forward(600_000)
    read(house, link)
    with pytest.raises(Gone):
        house.managing.set_rules(sent.control, Rules(60))
    assert happened(house, sent) == ["message.sent", "link.revealed"]


def test_no_new_rule_where_every_link_was_opened(turned_house):
    house = turned_house
    sent = house.sending.send(Draft("x", views=2, rules=Rules(HOUR)))
    read(house, sent.links[0].token)
    with pytest.raises(Invalid) as error:
        house.managing.set_rules(sent.control, Rules(2 * HOUR))
    assert [fault.detail for fault in error.value.faults] == ["every link was opened"]
    house.managing.set_rules(sent.control, Rules(0))

    assert house.managing.status(sent.control).tell_at is None


def test_no_rule_is_taken_back_after_its_time(turned_house, clock):
    """Although no worker carried it out."""
    house = turned_house
    sent = ruled(house, recall_after=HOUR)
    read(house, sent.links[0].token)
    clock.forward(HOUR_MS)
    house.managing.set_rules(sent.control, Rules(recall_after=0))

    with pytest.raises(Gone):
        read(house, sent.links[1].token)
    assert happened(house, sent)[-1] == "link.recalled"


def test_a_repeated_request_moves_nothing(turned_house, connection, clock):
    house = turned_house
    sent = house.sending.send(Draft("x"))
    key = message_key(sent.control)
    first = connection.run("set_rules", key, clock.now(), HOUR_MS, "", b"", b"r" * 16)
    clock.forward(1_000)
    before = house.managing.status(sent.control)
    again = connection.run("set_rules", key, clock.now(), HOUR_MS, "", b"", b"r" * 16)

    assert (first, again) == ([b"set"], [b"repeated"])
    assert house.managing.status(sent.control).tell_at == before.tell_at


def test_rules_are_changed_so_often_only(turned_house, raw):
    house = turned_house
    sent = house.sending.send(Draft("x"))
    raw.hset(message_key(sent.control), "ruled", 99)
    house.managing.set_rules(sent.control, Rules(HOUR))
    with pytest.raises(Invalid) as refused:
        house.managing.set_rules(sent.control, Rules(2 * HOUR))
    house.managing.set_rules(sent.control, Rules(0))

    assert [(f.field, f.detail) for f in refused.value.faults] == [("rules", "changed too often")]


def test_rules_of_what_does_not_exist_write_nothing(turned_house, raw, clock):
    house = turned_house
    sent = ruled(house, tell_after=HOUR)
    house.managing.forget(sent.control)
    assert due_of(raw, sent) == {}
    with pytest.raises(NotFound):
        house.managing.set_rules(sent.control, Rules(HOUR))
    gone = ruled(house, tell_after=HOUR)
    raw.delete(message_key(gone.control))
    clock.forward(HOUR_MS)
    house.timekeeping.catch_up()

    assert (kept_of(raw, sent), b"rule:" + gone.message_id in due_of(raw, gone)) == ({}, False)


def test_an_opened_link_keeps_its_key_until_it_expires(turned_house, clock, raw):
    house = turned_house
    sent = ruled(house, recall_after=HOUR)
    ana, bob = (b"key:" + link.link_id for link in sent.links)
    read(house, sent.links[0].token)
    kept = kept_of(raw, sent)
    assert (kept[ana], kept[bob]) == (sent.expires_at, sent.opens_at + HOUR_MS)
    house.managing.extend(sent.control, 30 * 60)
    kept = kept_of(raw, sent)
    assert kept[ana] == kept[bob] == clock.now() + 30 * 60_000
    house.managing.extend(sent.control, 5 * HOUR)
    kept = kept_of(raw, sent)
    assert (kept[ana], kept[bob]) == (clock.now() + 5 * HOUR_MS, sent.opens_at + HOUR_MS)
    house.managing.set_rules(sent.control, Rules(recall_after=0))

    assert kept_of(raw, sent)[bob] == clock.now() + 5 * HOUR_MS
    check_times(raw, sent)
