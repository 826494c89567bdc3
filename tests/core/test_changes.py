"""What tells a client that nothing is new: the mark of a status."""

import pytest

from restante.errors import NotFound, PassphraseWrong
from restante.messages import Draft
from restante.rules import Rules
from restante.store import keys
from tests.conftest import read, reader_key

HOUR = 3_600_000


@pytest.fixture
def house(turned_house):
    return turned_house


@pytest.fixture
def sent(house):
    return house.sending.send(Draft("x", recipients=("Ana", "Ben"), views=3, passphrase="a b"))


def mark_of(house, sent):
    return house.managing.status(sent.control).mark


def open_first(house, sent, clock):
    read(house, sent.links[0].token, 1, "a b")


def look_often(house, sent, clock):
    for _ in range(100):
        house.reading.preview(sent.links[0].token, visitor="browser")
    known = mark_of(house, sent)
    clock.forward(61_000)
    house.reading.preview(sent.links[0].token, visitor="browser")
    assert mark_of(house, sent) != known


def be_on_screen(house, sent, clock):
    open_first(house, sent, clock)
    clock.forward(30_000)
    known = mark_of(house, sent)
    house.answering.on_screen(sent.links[0].token, reader_key(1), 20)
    assert mark_of(house, sent) != known


def mistype(house, sent, clock):
    with pytest.raises(PassphraseWrong):
        read(house, sent.links[0].token, 1, "wrong")


CHANGES = {
    "opened": open_first,
    "looked at": lambda h, s, _: h.reading.preview(s.links[1].token, visitor="program"),
    "looked at often": look_often,
    "on screen": be_on_screen,
    "a wrong passphrase": mistype,
    "recalled": lambda h, s, _: h.managing.recall(s.control),
    "recalled, one": lambda h, s, _: h.managing.recall(s.control, [s.links[0].link_id]),
    "paused": lambda h, s, _: h.managing.pause(s.control),
    "extended": lambda h, s, _: h.managing.extend(s.control, 7_200),
    "replaced": lambda h, s, _: h.sending.replace(s.control, "y", passphrase="a b"),
    "rules set": lambda h, s, _: h.managing.set_rules(s.control, Rules(3_600, None)),
    "expired": lambda _, s, clock: clock.forward(s.expires_at - s.sent_at),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_change_changes_the_mark(house, sent, clock, change):
    known = mark_of(house, sent)
    assert house.managing.changes(sent.control, known) is None
    change(house, sent, clock)
    status = house.managing.changes(sent.control, known)

    assert status
    assert status.mark != known
    assert house.managing.changes(sent.control, status.mark) is None


def test_the_end_of_a_hold_and_of_a_rule_change_the_mark_without_an_event(house, clock):
    sent = house.sending.send(Draft("x", hold_seconds=60))
    house.managing.set_rules(sent.control, Rules(7_200, None))
    marks, events = [mark_of(house, sent)], house.managing.status(sent.control).events_total
    for ms in (60_000, 2 * HOUR):
        clock.forward(ms)
        marks.append(mark_of(house, sent))

    assert len(set(marks)) == 3
    assert house.managing.status(sent.control).events_total == events


def test_a_mail_that_could_not_go_out_changes_the_mark(house, sent, raw):
    known = mark_of(house, sent)
    raw.hset(keys.message(sent.control), "email:failure", "550")

    assert mark_of(house, sent) != known


def test_what_changes_nothing_keeps_the_mark(house, sent, clock):
    known = mark_of(house, sent)
    clock.forward(10_000)
    house.managing.status(sent.control)
    house.timekeeping.catch_up()

    assert house.managing.changes(sent.control, known) is None


@pytest.mark.parametrize("known", ["", "0", "x" * 500, "1.0.0.0.1\n", "é"])
def test_a_mark_that_is_none_gets_the_whole_status(house, sent, known):
    assert house.managing.changes(sent.control, known).links


def test_a_message_that_is_gone_is_not_called_unchanged(house, sent):
    known = mark_of(house, sent)
    house.managing.forget(sent.control)

    with pytest.raises(NotFound):
        house.managing.changes(sent.control, known)
