"""A long timeline is read in pages, each bounded; what must be known does not hang on a page."""

import pytest

from restante.errors import Invalid
from restante.messages import EVENTS_MOST, OLDEST, Draft, Page
from restante.store.keys import message as message_key
from tests.conftest import read, reader_key

EXTENDS = 1_000


@pytest.fixture(scope="module")
def long_one(house):
    """A message with some thousand events: its first link was disputed before all but five."""
    sent = house.sending.send(Draft("the safe", recipients=("Ana", "Bob"), views=3))
    ana = sent.links[0].token
    read(house, ana)
    house.answering.dispute(ana, [reader_key(2)])
    house.answering.decline(sent.links[1].token, [reader_key(3)])
    for _ in range(EXTENDS):
        house.managing.extend(sent.control, 3_600)
    return sent


def numbers(status):
    return [event.number for event in status.events]


def test_a_timeline_is_read_to_its_end_page_by_page(house, long_one):
    page, seen, sizes = OLDEST, [], []
    while True:
        status = house.managing.status(long_one.control, page)
        seen += numbers(status)
        sizes.append(len(status.events))
        if not status.has_newer:
            break
        page = Page(after=status.events[-1].number)

    total = 4 + EXTENDS
    assert seen == list(range(1, total + 1))
    assert sizes == [EVENTS_MOST, EVENTS_MOST, 4]
    assert status.events_total == total


def test_the_newest_come_first_and_older_ones_are_asked_for(house, long_one):
    total = 4 + EXTENDS
    newest = house.managing.status(long_one.control, Page(most=100))
    older = house.managing.status(long_one.control, Page(before=total - 99, most=100))
    oldest = house.managing.status(long_one.control, Page(before=3, most=100))

    assert numbers(newest) == list(range(total - 99, total + 1))
    assert (newest.has_older, newest.has_newer) == (True, False)
    assert numbers(older) == list(range(total - 199, total - 99))
    assert (older.has_older, older.has_newer) == (True, True)
    assert numbers(oldest) == [1, 2]
    assert (oldest.has_older, oldest.has_newer) == (False, True)


@pytest.mark.parametrize(
    ("page", "many"),
    [
        (Page(after=10**9), 0),
        (Page(before=1), 0),
        (Page(before=10**9), EVENTS_MOST),
        (Page(after=4 + EXTENDS), 0),
        (Page(after=3 + EXTENDS), 1),
    ],
)
def test_a_page_beyond_the_timeline_is_empty_or_cut(house, long_one, page, many):
    status = house.managing.status(long_one.control, page)

    assert len(status.events) == many
    assert status.events_total == 4 + EXTENDS
    assert len(status.links) == 2


def test_before_the_first_there_is_nothing_but_a_way_on(house, long_one):
    status = house.managing.status(long_one.control, Page(before=1, most=100))

    assert (numbers(status), status.has_older, status.has_newer) == ([], False, True)


def test_after_the_last_nothing_follows(house, long_one):
    for after in (4 + EXTENDS, 10**9 - 1):
        status = house.managing.status(long_one.control, Page(after=after))

        assert (numbers(status), status.has_newer) == ([], False)


def test_what_a_reader_said_is_known_whatever_page_is_read(house, long_one):
    ana, bob = house.managing.status(long_one.control, Page(most=1)).links

    assert (ana.disputes, ana.declines, bob.disputes, bob.declines) == (1, 0, 0, 1)
    assert ana.disputed_at
    assert bob.declined_at


def test_whoever_has_a_link_is_shown_the_newest_of_it(house):
    """A hundred of the link, among the newest five thousand of the message."""
    sent = house.sending.send(Draft("x", recipients=("Ana", "Bob"), views=100))
    ana, bob = (link.token for link in sent.links)
    for reader in range(100):
        read(house, ana, reader)
        house.answering.confirm(ana, reader_key(reader))
    read(house, bob)
    its = house.answering.link_history(ana, [reader_key(1)])
    of_bob = house.answering.link_history(bob, [reader_key(1)])

    assert len(its.events) == 100
    assert its.has_older
    assert [event.facts["view"] for event in its.events[-2:]] == [100, 100]
    assert [event.at for event in its.events] == sorted(event.at for event in its.events)
    assert [event.type for event in of_bob.events] == ["link.revealed"]
    assert not of_bob.has_older


def test_an_opening_long_ago_is_not_shown_and_not_denied(house):
    names = tuple(f"Recipient {number}" for number in range(100))
    sent = house.sending.send(Draft("x", recipients=names))
    read(house, sent.links[0].token)
    for _ in range(51):
        house.sending.replace(sent.control, "another")
    its = house.answering.link_history(sent.links[0].token, [reader_key()])

    assert (its.events, its.has_older) == ((), True)


def test_a_text_is_replaced_a_thousand_times_and_not_once_more(house, raw):
    sent = house.sending.send(Draft("first"))
    house.sending.replace(sent.control, "another")
    raw.hset(message_key(sent.control), "version", 999)
    for _ in range(2):
        house.sending.replace(sent.control, "another")
    with pytest.raises(Invalid) as refused:
        house.sending.replace(sent.control, "one more")

    assert [fault.field for fault in refused.value.faults] == ["text"]
    assert read(house, sent.links[0].token) == "another"
