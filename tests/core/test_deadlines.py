"""What happens because time passes, on a clock that the test turns."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import pytest
import redis

from restante import wiring
from restante.deadlines import BATCH
from restante.errors import Gone, NotFound, Unavailable
from restante.messages import Draft
from restante.settings import DAY, Settings
from restante.store.connection import Connection
from restante.store.deadlines import Deadlines
from restante.store.keys import TAGS
from tests.conftest import check_times, due_of, happened, kept_of, read, reader_key

if TYPE_CHECKING:
    from restante.reports import Sent

LEASE = 120_000
RETENTION = 30 * DAY * 1000


def states(house, sent):
    return [str(link.state) for link in house.managing.status(sent.control).links]


def sealed_parts(raw, sent):
    return [key for key in kept_of(raw, sent) if key.startswith((b"key:", b"content:"))]


def test_a_message_nobody_opened_expires_at_its_time_with_one_event_a_link(
    turned_house, clock, raw
):
    sent = turned_house.sending.send(Draft("x", recipients=("Ana", "Bob"), expires_in_seconds=60))
    clock.forward(59_999)
    turned_house.timekeeping.catch_up()
    assert states(turned_house, sent) == ["sealed", "sealed"]
    clock.forward(1)
    assert states(turned_house, sent) == ["expired", "expired"]
    assert happened(turned_house, sent) == ["message.sent"]
    clock.forward(1500)
    turned_house.timekeeping.catch_up()
    turned_house.timekeeping.catch_up()

    events = turned_house.managing.status(sent.control).events[1:]
    assert [(e.type, e.at, e.facts) for e in events] == [
        ("link.expired", sent.expires_at, {"reveals": 0})
    ] * 2
    assert {event.link_id for event in events} == {link.link_id for link in sent.links}
    assert not sealed_parts(raw, sent)
    link = turned_house.managing.status(sent.control).links[0]
    assert link.ended_at == sent.expires_at
    with pytest.raises(Gone) as caught:
        read(turned_house, sent.links[0].token)
    assert (caught.value.state, caught.value.ended_at) == ("expired", sent.expires_at)


def test_at_its_time_a_link_is_closed_even_if_no_worker_runs(turned_house, clock):
    sent = turned_house.sending.send(Draft("x", expires_in_seconds=60, views=2))
    read(turned_house, sent.links[0].token, 1)
    clock.forward(60_000)

    for reader in (1, 2):
        with pytest.raises(Gone):
            read(turned_house, sent.links[0].token, reader)


def test_a_link_read_before_it_expired_says_how_often(turned_house, clock):
    sent = turned_house.sending.send(Draft("x", expires_in_seconds=60, views=3))
    read(turned_house, sent.links[0].token, 1)
    read(turned_house, sent.links[0].token, 2)
    clock.forward(60_000)
    turned_house.timekeeping.catch_up()

    last = turned_house.managing.status(sent.control).events[-1]
    assert (last.type, last.facts) == ("link.expired", {"reveals": 2})


def test_several_workers_at_once_write_each_expiry_once(turned_house, clock):
    recipients = tuple(f"recipient {n}" for n in range(8))
    sent = [
        turned_house.sending.send(Draft("x", recipients=recipients, expires_in_seconds=60))
        for _ in range(12)
    ]
    clock.forward(60_000)
    start = Barrier(4)

    def work(_):
        start.wait()
        return turned_house.timekeeping.catch_up()

    with ThreadPoolExecutor(4) as workers:
        done = sum(workers.map(work, range(4)))

    assert done >= 12 * 8
    for one in sent:
        assert happened(turned_house, one) == ["message.sent", *["link.expired"] * 8]


def test_a_worker_that_died_in_the_middle_leaves_the_rest_to_the_next(
    turned_house, connection, clock
):
    sent = turned_house.sending.send(Draft("x", recipients=tuple("abcd"), expires_in_seconds=60))
    clock.forward(60_000)
    deadlines = Deadlines(connection, clock.now)
    assert deadlines.expire(sent.control.shard, sent.links[1].link_id)
    assert not deadlines.expire(sent.control.shard, sent.links[1].link_id)
    turned_house.timekeeping.catch_up()

    assert happened(turned_house, sent) == ["message.sent", *["link.expired"] * 4]


def test_more_than_a_batch_is_caught_up_in_one_go(turned_house, clock):
    draft = Draft("x", recipients=("Ana",) * BATCH, expires_in_seconds=60)
    by_shard: dict[int, list[Sent]] = {}
    while max(map(len, by_shard.values()), default=0) < 2:
        sent = turned_house.sending.send(draft)
        by_shard.setdefault(sent.control.shard, []).append(sent)
    crowded = max(by_shard.values(), key=len)
    clock.forward(60_000)
    turned_house.timekeeping.catch_up()

    for sent in crowded:
        assert happened(turned_house, sent) == ["message.sent", *["link.expired"] * BATCH]


def test_a_deadline_that_came_too_early_does_nothing(turned_house, connection, clock):
    """Two workers whose clocks differ, or a member left behind."""
    sent = turned_house.sending.send(Draft("x", recipients=("Ana", "Bob")))
    read(turned_house, sent.links[1].token)
    deadlines, shard = Deadlines(connection, clock.now), sent.control.shard
    for link in sent.links:
        assert not deadlines.expire(shard, link.link_id)
        assert not deadlines.end_leases(shard, link.link_id)
    assert not deadlines.forget(shard, sent.message_id)

    assert states(turned_house, sent) == ["sealed", "spent"]
    assert [read(turned_house, link.token) for link in sent.links] == ["x", "x"]
    assert not deadlines.forget(shard, sent.message_id)
    assert states(turned_house, sent) == ["spent", "spent"]
    assert read(turned_house, sent.links[0].token) == "x"


def test_an_expiry_moved_later_or_earlier_is_kept_by_the_worker(turned_house, clock):
    later, earlier = (
        turned_house.sending.send(Draft("x", expires_in_seconds=600)) for _ in range(2)
    )
    turned_house.managing.extend(later.control, 1200)
    turned_house.managing.extend(earlier.control, 60)
    clock.forward(600_000)
    turned_house.timekeeping.catch_up()

    assert states(turned_house, later) == ["sealed"]
    assert states(turned_house, earlier) == ["expired"]
    expired = turned_house.managing.status(earlier.control).events[-1]
    assert (expired.type, expired.at) == ("link.expired", earlier.sent_at + 60_000)
    clock.forward(600_000)
    turned_house.timekeeping.catch_up()
    assert states(turned_house, later) == ["expired"]


def test_a_held_message_cannot_expire_before_it_opened(turned_house, clock):
    sent = turned_house.sending.send(Draft("x", hold_seconds=120, expires_in_seconds=60))
    clock.forward(120_000)
    turned_house.timekeeping.catch_up()

    assert read(turned_house, sent.links[0].token) == "x"


def test_content_goes_with_the_last_lease(turned_house, clock, raw):
    sent = turned_house.sending.send(Draft("x"))
    read(turned_house, sent.links[0].token)
    clock.forward(LEASE - 1)
    turned_house.timekeeping.catch_up()
    assert len(sealed_parts(raw, sent)) == 2
    clock.forward(1)
    turned_house.timekeeping.catch_up()

    assert not sealed_parts(raw, sent)
    assert list(due_of(raw, sent)) == [b"forget:" + sent.message_id]


def test_content_stays_while_any_link_can_open_it(turned_house, clock, raw):
    sent = turned_house.sending.send(Draft("x", recipients=("Ana", "Bob", "Cid")))
    read(turned_house, sent.links[0].token)
    clock.forward(LEASE)
    turned_house.timekeeping.catch_up()
    turned_house.managing.recall(sent.control, [sent.links[1].link_id])
    check_times(raw, sent)

    assert read(turned_house, sent.links[2].token) == "x"
    turned_house.answering.acknowledge(sent.links[2].token, reader_key(), keep=False)
    assert not sealed_parts(raw, sent)


def test_an_older_version_goes_with_its_last_reader_and_the_newer_stays(turned_house, clock, raw):
    sent = turned_house.sending.send(Draft("one", recipients=("Ana", "Bob")))
    read(turned_house, sent.links[0].token)
    turned_house.sending.replace(sent.control, "two")
    check_times(raw, sent)
    clock.forward(LEASE)
    turned_house.timekeeping.catch_up()

    contents = [key for key in sealed_parts(raw, sent) if key.startswith(b"content:")]
    assert contents == [b"content:" + sent.message_id + b":2"]
    assert read(turned_house, sent.links[1].token) == "two"


def end_by_reading(house, sent, clock):
    for link in sent.links:
        read(house, link.token, 1)
    clock.forward(LEASE)


def end_by_acknowledging(house, sent, clock):
    for link in sent.links:
        read(house, link.token, 1)
        house.answering.acknowledge(link.token, reader_key(), keep=False)


def end_by_recalling(house, sent, clock):
    house.managing.recall(sent.control)


def end_by_time(house, sent, clock):
    clock.forward(sent.expires_at - clock.now())


def end_one_by_one(house, sent, clock):
    read(house, sent.links[0].token, 1)
    house.managing.recall(sent.control, [sent.links[1].link_id])
    house.sending.replace(sent.control, "y")
    clock.forward(sent.expires_at - clock.now())


ENDS = [end_by_reading, end_by_acknowledging, end_by_recalling, end_by_time, end_one_by_one]


@pytest.mark.parametrize("end", ENDS)
def test_after_its_retention_nothing_remains_of_a_message(turned_house, clock, raw, end):
    sent = turned_house.sending.send(
        Draft("x", recipients=("Ana", "Bob", "Cid"), expires_in_seconds=600)
    )
    turned_house.reading.preview(sent.links[0].token, visitor="browser")
    end(turned_house, sent, clock)
    turned_house.timekeeping.catch_up()
    check_times(raw, sent)
    (at,) = due_of(raw, sent).values()
    assert not sealed_parts(raw, sent)
    assert {goes for key, goes in kept_of(raw, sent).items()} == {at}
    clock.forward(at - clock.now() - 1)
    turned_house.timekeeping.catch_up()
    assert turned_house.managing.status(sent.control)
    clock.forward(1)
    turned_house.timekeeping.catch_up()

    assert kept_of(raw, sent) == {}
    assert due_of(raw, sent) == {}
    with pytest.raises(NotFound):
        turned_house.managing.status(sent.control)
    with pytest.raises(NotFound):
        turned_house.reading.preview(sent.links[0].token, visitor="browser")


def test_the_retention_begins_when_the_last_link_ended(turned_house, clock, raw):
    sent = turned_house.sending.send(Draft("x", recipients=("Ana", "Bob")))
    turned_house.managing.recall(sent.control, [sent.links[0].link_id])
    assert b"forget:" + sent.message_id not in due_of(raw, sent)
    at = clock.forward(DAY * 1000)
    turned_house.managing.recall(sent.control)

    assert due_of(raw, sent) == {b"forget:" + sent.message_id: at + RETENTION}


def test_what_explains_a_message_outlives_its_expiry_by_the_retention(turned_house, clock, raw):
    """Even if no worker runs; else nobody would be told that it expired."""
    sent = turned_house.sending.send(Draft("x", recipients=("Ana", "Bob"), views=2))
    turned_house.reading.preview(sent.links[0].token, visitor="browser")
    read(turned_house, sent.links[0].token)
    for move in (
        lambda: sent.expires_at,
        lambda: turned_house.managing.extend(sent.control, 60),
        lambda: turned_house.managing.extend(sent.control, 90 * DAY),
    ):
        expires_at = move()
        turned_house.sending.replace(sent.control, f"until {expires_at}")
        kept = kept_of(raw, sent)
        explaining = [k for k in kept if not k.startswith((b"key:", b"content:"))]

        assert len(explaining) == 6
        assert {kept[key] for key in explaining} == {expires_at + RETENTION}


def test_recalling_again_does_not_prolong_the_memory(turned_house, clock, raw):
    sent = turned_house.sending.send(Draft("x"))
    turned_house.managing.recall(sent.control)
    before = kept_of(raw, sent)
    clock.forward(DAY * 1000)
    turned_house.managing.recall(sent.control, reason="again")
    turned_house.reading.preview(sent.links[0].token, visitor="")

    assert kept_of(raw, sent) == before


def test_every_key_has_its_time_after_every_verb(turned_house, clock, raw):
    house = turned_house
    draft = Draft("x", recipients=tuple("abcde"), views=2, hold_seconds=10, expires_in_seconds=900)
    sent = house.sending.send(draft)
    link = [one.token for one in sent.links]
    for verb in (
        lambda: None,
        lambda: house.reading.preview(link[0], [reader_key()], visitor="browser"),
        lambda: house.managing.extend(sent.control, 60),
        lambda: house.managing.extend(sent.control, 3600),
        lambda: house.sending.replace(sent.control, "y"),
        lambda: clock.forward(10_000),
        lambda: read(house, link[0], 1),
        lambda: read(house, link[0], 1),
        lambda: house.answering.acknowledge(link[0], reader_key(1), keep=True),
        lambda: house.sending.replace(sent.control, "z", passphrase="p"),
        lambda: read(house, link[0], 2),
        lambda: read(house, link[1], 1, "p"),
        lambda: house.managing.extend(sent.control, 60),
        lambda: read(house, link[1], 2, "p"),
        lambda: house.answering.acknowledge(link[1], reader_key(2), keep=False),
        lambda: house.managing.recall(sent.control, [link[2].link_id], reason="r"),
        lambda: house.managing.extend(sent.control, 7200),
        lambda: clock.forward(LEASE) and house.timekeeping.catch_up(),
        lambda: house.managing.recall(sent.control, [link[3].link_id]),
        lambda: read(house, link[4], 1, "p"),
        lambda: clock.forward(7200_000),
        house.timekeeping.catch_up,
        lambda: house.managing.recall(sent.control),
    ):
        verb()
        check_times(raw, sent)
    assert states(house, sent) == ["spent", "spent", "recalled", "recalled", "expired"]


@pytest.mark.parametrize("then", ["recall", "extend", "expire"])
def test_a_retention_shorter_than_a_lease_still_keeps_what_the_lease_needs(
    connection, ring, clock, raw, then
):
    house = wiring.assemble(Settings(retention_seconds=1), ring, connection, now=clock.now)
    sent = house.sending.send(Draft("x", recipients=("Ana", "Bob"), expires_in_seconds=600))
    read(house, sent.links[0].token)
    if then == "recall":
        house.managing.recall(sent.control, [sent.links[1].link_id])
    else:
        house.managing.extend(sent.control, 60)
    check_times(raw, sent)
    clock.forward(70_000)
    house.timekeeping.catch_up()
    check_times(raw, sent)

    assert read(house, sent.links[0].token) == "x"
    clock.forward(DAY * 1000)
    house.timekeeping.catch_up()
    house.timekeeping.catch_up()
    assert kept_of(raw, sent) == due_of(raw, sent) == {}


def test_what_the_store_forgot_by_itself_leaves_nothing_due(turned_house, clock, raw):
    """No worker ran for a month: the keys went by their TTL, `due` has none."""
    sent = turned_house.sending.send(Draft("x", recipients=("Ana", "Bob")))
    read(turned_house, sent.links[0].token)
    tag = b"{%b}:" % TAGS[sent.control.shard].encode()
    raw.delete(*(tag + key for key in kept_of(raw, sent)))
    raw.zadd(tag + b"due", {b"forget:" + sent.message_id: clock.now()})
    clock.forward(100 * DAY * 1000)
    turned_house.timekeeping.catch_up()

    assert due_of(raw, sent) == {}


def test_without_an_injected_clock_the_stores_clock_decides(house, raw):
    sent = house.sending.send(Draft("x", expires_in_seconds=60))
    seconds, micros = raw.time()

    assert abs(sent.sent_at - (seconds * 1000 + micros // 1000)) < 2000
    assert raw.pexpiretime(
        b"{%b}:key:%b" % (TAGS[sent.control.shard].encode(), sent.links[0].link_id)
    ) == (sent.expires_at)


def test_a_shard_that_fails_does_not_keep_the_others_from_their_turn(own_store, ring, clock):
    """As in a cluster, where one primary is down."""
    connection = Connection(wiring.connect(own_store(durability="memory").url))
    house = wiring.assemble(Settings(), ring, connection, now=clock.now)
    with redis.Redis(connection_pool=connection.pools[0]) as raw:
        sent = [house.sending.send(Draft("x", expires_in_seconds=60)) for _ in range(40)]
        raw.set(f"{{{TAGS[0]}}}:due", "not a queue")
        elsewhere = [one for one in sent if one.control.shard]
        clock.forward(60_000)
        with pytest.raises(Unavailable):
            house.timekeeping.catch_up()

        assert all("link.expired" in happened(house, one) for one in elsewhere)
    for pool in connection.pools:
        pool.disconnect()
