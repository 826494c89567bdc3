"""What a reader may say and ask for once a link was opened, through the real store."""

from __future__ import annotations

import pytest

from restante import wiring
from restante.errors import Gone, NotFound, PassphraseWrong
from restante.messages import Draft, Evidence, State, Told
from restante.settings import DAY, Settings
from restante.store.keys import TAGS
from tests.conftest import check_times, due_of, happened, kept_of, read, reader_key

EVIDENCE = Evidence("192.0.2.0/24", "Firefox", "Windows", "ES")
HALF_AN_HOUR = 1_800_000


def opened(house, *readers, **draft):
    """Send a message, open it by these readers, and return it with its first link."""
    sent = house.sending.send(Draft("x", **draft))
    link = sent.links[0].token
    for reader in readers:
        read(house, link, reader)
    return sent, link


def may_read(house, link, reader=1):
    try:
        return read(house, link, reader) == "x"
    except Gone:
        return False


def ids_of(link, *readers):
    return b"".join(reader_key(reader).reader_id(link) for reader in readers)


def test_a_prolonged_lease_has_its_bounds_and_takes_key_and_content_along(turned_house, clock, raw):
    sent, link = opened(turned_house, 1)
    began = clock.now()
    latest = began + HALF_AN_HOUR
    ends = []
    for step in (60_000, 500_000, 500_000, 500_000, 1):
        clock.forward(step)
        ends.append(turned_house.answering.extend_lease(link, reader_key(1)))
        check_times(raw, sent)
        assert kept_of(raw, sent)[b"key:" + link.link_id] == ends[-1][0]
        assert due_of(raw, sent)[b"end:" + link.link_id] == ends[-1][0]
    clock.forward(latest - clock.now() - 1)
    before = may_read(turned_house, link)
    clock.forward(1)

    assert [until - began for until, _, _ in ends] == [
        660_000, 1_160_000, 1_660_000, HALF_AN_HOUR, HALF_AN_HOUR,
    ]  # fmt: skip
    assert {most for _, most, _ in ends} == {latest}
    assert (before, may_read(turned_house, link)) == (True, False)
    assert happened(turned_house, sent).count("link.prolonged") == 4


def test_less_than_a_minute_more_is_neither_given_nor_told(turned_house, clock):
    sent, link = opened(turned_house, 1)
    first, _, _ = turned_house.answering.extend_lease(link, reader_key(1))
    clock.forward(59_999)
    again, _, _ = turned_house.answering.extend_lease(link, reader_key(1))
    clock.forward(1)
    more, _, _ = turned_house.answering.extend_lease(link, reader_key(1))

    assert (again - first, more - first) == (0, 60_000)
    assert (
        happened(turned_house, sent) == ["message.sent", "link.revealed"] + ["link.prolonged"] * 2
    )


def test_nobody_prolongs_past_the_expiry_nor_what_is_over(turned_house, clock):
    sent, link = opened(turned_house, 1, views=2, expires_in_seconds=300)
    until, most, _ = turned_house.answering.extend_lease(link, reader_key(1))
    with pytest.raises(NotFound):
        turned_house.answering.extend_lease(link, reader_key(2))
    clock.forward(300_000)
    with pytest.raises(Gone):
        turned_house.answering.extend_lease(link, reader_key(1))

    assert until == most == sent.expires_at


@pytest.mark.parametrize("end", ["recall", "done", "decline"])
def test_what_ended_before_its_prolonged_time_is_not_revived(turned_house, clock, end, raw):
    sent, link = opened(turned_house, 1)
    turned_house.answering.extend_lease(link, reader_key(1))
    match end:
        case "recall":
            turned_house.managing.recall(sent.control)
        case "done":
            turned_house.answering.acknowledge(link, reader_key(1), keep=False)
        case "decline":
            turned_house.answering.decline(link, [reader_key(1)])
    with pytest.raises(Gone):
        turned_house.answering.extend_lease(link, reader_key(1))

    assert not may_read(turned_house, link)
    assert b"key:" + link.link_id not in kept_of(raw, sent)
    assert not any(key.startswith(b"content:") for key in kept_of(raw, sent))


def test_a_prolonged_lease_outlives_the_retention_and_a_content_that_was_to_go(
    connection, ring, clock, raw
):
    house = wiring.assemble(Settings(retention_seconds=1), ring, connection, now=clock.now)
    sent, link = opened(house, 1, recipients=("Ana", "Ben"))
    house.sending.replace(sent.control, "y")
    house.managing.extend(sent.control, DAY)
    house.answering.extend_lease(link, reader_key(1))
    house.managing.recall(sent.control, [sent.links[1].link_id])
    check_times(raw, sent)
    clock.forward(100_000)
    house.answering.extend_lease(link, reader_key(1))
    check_times(raw, sent)
    clock.forward(500_000)
    for _ in range(3):
        house.timekeeping.turn(sent.control.shard)

    assert may_read(house, link)


def test_a_reader_confirms_once_for_each_view_in_its_lease_or_after(turned_house, clock):
    sent, link = opened(turned_house, 1, 2, views=2)
    at = clock.now()
    turned_house.answering.confirm(link, reader_key(2), evidence=EVIDENCE)
    clock.forward(DAY * 1_000)
    for reader in (2, 1, 1):
        turned_house.answering.confirm(link, reader_key(reader))
    with pytest.raises(NotFound):
        turned_house.answering.confirm(link, reader_key(3))
    status = turned_house.managing.status(sent.control)
    told = [event for event in status.events if event.type == "link.confirmed"]

    assert [event.facts["view"] for event in told] == [2, 1]
    assert told[0].evidence == EVIDENCE.as_dict()
    assert status.links[0].confirmed_at == at


def test_a_dispute_counts_once_for_each_browser_and_three_times_for_each_link(house):
    sent, link = opened(house, 1)
    dispute = house.answering.dispute
    told = [dispute(link, [reader_key(n), reader_key(9)]) for n in (2, 2, 3, 4, 5, 2)]
    gates = [house.reading.preview(link, [reader_key(n)], visitor="") for n in (2, 5, 1)]

    assert told == [Told.TOLD] * 4 + [Told.ENOUGH, Told.TOLD]
    assert happened(house, sent).count("link.disputed") == 3
    assert [gate.disputed for gate in gates] == [Told.TOLD, Told.ENOUGH, Told.ENOUGH]
    assert [gate.by_others for gate in gates] == [True, True, False]


def test_there_is_nothing_to_dispute_where_nobody_opened_it_or_one_did_oneself(house):
    sent, link = opened(house)
    before = house.answering.dispute(link, [reader_key(1)])
    read(house, link)
    own = house.answering.dispute(link, [reader_key(5), reader_key(1)])
    house.managing.recall(sent.control)
    other = house.answering.dispute(link, [reader_key(5)], evidence=EVIDENCE)
    events = house.managing.status(sent.control).events

    assert (before, own, other) == (None, None, Told.TOLD)
    assert events[-1].type == "link.disputed"
    assert events[-1].evidence == EVIDENCE.as_dict()


def test_whoever_did_not_lock_a_link_may_say_so(connection, ring):
    house = wiring.assemble(Settings(passphrase_tries=2), ring, connection)
    link = house.sending.send(Draft("x", passphrase="blue")).links[0].token
    with pytest.raises(PassphraseWrong):
        read(house, link, 1, "red")
    early = house.answering.dispute(link, [reader_key(2)])
    with pytest.raises(Gone):
        read(house, link, 1, "green")

    assert early is None
    assert house.answering.dispute(link, [reader_key(2)]) is Told.TOLD


def test_a_decline_before_it_is_opened_burns_nothing(house, raw):
    sent, link = opened(house)
    before = kept_of(raw, sent)
    told = [house.answering.decline(link, [reader_key(n)]) for n in (1, 1, 2, 3, 4)]

    assert told == [(Told.TOLD, 0, 1)] * 4 + [(Told.ENOUGH, 0, 1)]
    assert happened(house, sent) == ["message.sent"] + ["link.declined"] * 3
    assert kept_of(raw, sent) == before
    assert house.reading.preview(link, visitor="").state is State.SEALED
    assert read(house, link, 1) == "x"
    assert house.answering.decline(link, [reader_key(9)]) is None
    # What was told stays told, although the link ended since.
    assert house.answering.decline(link, [reader_key(2)]) == (Told.TOLD, 0, 0)


def test_a_decline_by_a_reader_ends_all_leases_of_its_browser_and_no_other(house):
    sent, link = opened(house, 1, 2, 3, views=3)
    told = house.answering.decline(link, [reader_key(1), reader_key(2)])

    assert told == (Told.TOLD, 2, 0)
    assert [may_read(house, link, n) for n in (1, 2, 3)] == [False, False, True]
    assert happened(house, sent)[-1] == "link.declined"


def test_time_on_screen_is_never_more_than_the_time_since_the_view(turned_house, clock):
    sent, link = opened(turned_house, 1, 2, views=2)

    def shown(reader, seconds):
        turned_house.answering.on_screen(link, reader_key(reader), seconds)
        return turned_house.managing.status(sent.control).links[0].on_screen_seconds

    clock.forward(30_000)
    counted = [shown(1, 10), shown(1, 5), shown(1, 99), shown(2, 20)]
    clock.forward(DAY * 1_000)
    counted += [shown(1, 99_999), shown(2, 10)]
    with pytest.raises(NotFound):
        shown(3, 1)

    assert counted == [10, 10, 30, 50, 3_620, 3_620]
    assert happened(turned_house, sent).count("link.revealed") == 2


def test_the_account_shows_a_link_and_ones_own_details_alone(house):
    sent = house.sending.send(Draft("x", recipients=("Ana", "Ben"), views=2))
    ana, ben = (link.token for link in sent.links)
    for link, reader in ((ana, 1), (ana, 2), (ben, 3)):
        house.reading.preview(link, visitor="browser", evidence=EVIDENCE)
        house.reading.reveal(link, reader_key(reader), None, visitor="browser", evidence=EVIDENCE)
    house.answering.acknowledge(ana, reader_key(2), keep=True, evidence=EVIDENCE)
    house.managing.recall(sent.control, reason="a mistake", evidence=EVIDENCE)
    mine = house.answering.link_history(ana, [reader_key(7), reader_key(2)])
    others = house.answering.link_history(ana, [reader_key(7)])

    assert [(e.type, dict(e.evidence)) for e in mine.events] == [
        ("link.revealed", {}),
        ("link.revealed", EVIDENCE.as_dict()),
        ("link.acknowledged", EVIDENCE.as_dict()),
        ("link.recalled", {}),
    ]
    assert mine.events[-1].facts["reason"] == "a mistake"
    assert (mine.views, others.views, mine.state) == ((2,), (), State.SPENT)
    assert [event.evidence for event in others.events] == [{}] * 4
    assert [(look.visitor, look.link_id, look.evidence) for look in mine.looks] == [
        ("browser", ana.link_id, {})
    ] * 2


def test_what_readers_said_is_kept_by_ids_that_name_nobody(house, raw):
    _, link = opened(house, 1)
    house.answering.dispute(link, [reader_key(2)])
    key = f"{{{TAGS[link.shard]}}}:link:".encode() + link.link_id

    assert raw.hget(key, "disputed") == ids_of(link, 2)
    assert b"the-key-of" not in raw.hget(key, "disputed")
