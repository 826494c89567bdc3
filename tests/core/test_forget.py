"""A sender has everything of a message deleted, at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from restante.errors import NotFound
from restante.messages import Draft
from restante.store.keys import dead, destroyed, outbox
from restante.store.keys import message as message_key
from tests.conftest import due_of, kept_of, read, reader_key

LEASE = 120_000


def a_full_life(house):
    """A message with a reader, a look, a second version, a pause and a recalled link."""
    sent = house.sending.send(
        Draft("x", recipients=("Ana", "Bob", "Cid"), views=2, webhook="https://hooks.example/x")
    )
    ana, bob, _ = (link.token for link in sent.links)
    read(house, ana)
    house.reading.preview(bob, visitor="browser")
    house.sending.replace(sent.control, "y")
    house.managing.recall(sent.control, [sent.links[2].link_id])
    house.managing.pause(sent.control)
    return sent


def test_nothing_of_a_forgotten_message_is_left(turned_house, raw, clock):
    house = turned_house
    sent = a_full_life(house)
    shard, before = sent.control.shard, raw.get(destroyed(sent.control.shard))
    member = sent.message_id + b":webhook"
    assert raw.zscore(outbox(shard), member)
    house.managing.forget(sent.control)

    traces = [sent.message_id, *(link.link_id for link in sent.links)]
    assert kept_of(raw, sent) == due_of(raw, sent) == {}
    assert not [key for key in raw.scan_iter(count=1_000) if any(its in key for its in traces)]
    for waiting in (outbox(shard), dead(shard)):
        assert raw.zscore(waiting, member) is None
    assert raw.get(destroyed(shard)) != before
    with pytest.raises(NotFound):
        house.managing.status(sent.control)
    for link in sent.links:
        with pytest.raises(NotFound):
            house.reading.preview(link.token, visitor="browser")
        with pytest.raises(NotFound):
            read(house, link.token)
        with pytest.raises(NotFound):
            house.answering.acknowledge(link.token, reader_key(1), keep=True)
    clock.forward(LEASE)
    house.timekeeping.catch_up()
    assert kept_of(raw, sent) == {}


def test_a_second_time_there_is_nothing_to_do_and_nothing_is_written(turned_house, raw):
    house = turned_house
    sent = a_full_life(house)
    house.managing.forget(sent.control)
    mark = raw.get(destroyed(sent.control.shard))
    house.managing.forget(sent.control)

    assert raw.get(destroyed(sent.control.shard)) == mark
    assert kept_of(raw, sent) == {}


def test_the_worker_forgets_nothing_before_its_time(turned_house, connection, raw):
    sent = turned_house.sending.send(Draft("x"))
    reply = connection.run("forget", message_key(sent.control), "", "due")

    assert reply == [b"nothing"]
    assert read(turned_house, sent.links[0].token) == "x"


def test_a_delivery_that_is_on_its_way_brings_nothing_back(turned_house, raw):
    house = turned_house
    sent = a_full_life(house)
    shard = sent.control.shard
    found = house.delivering.take(shard, 100, "webhook")
    [taken] = [its for its in found if its.due.message_id == sent.message_id]
    house.managing.forget(sent.control)
    house.delivering.settle(taken, len(taken.notifications))

    assert kept_of(raw, sent) == {}
    assert raw.zscore(outbox(shard), sent.message_id + b":webhook") is None


def test_a_reveal_that_races_it_gets_the_text_or_nothing(house, raw):
    seen = set()
    for _ in range(30):
        sent = house.sending.send(Draft("x", recipients=tuple("abcdef")))
        start = Barrier(len(sent.links) + 1)

        def press(token, start=start):
            start.wait()
            try:
                return read(house, token)
            except NotFound:
                return None

        def forget(sent=sent, start=start):
            start.wait()
            house.managing.forget(sent.control)

        with ThreadPoolExecutor(len(sent.links) + 1) as pool:
            tokens = [link.token for link in sent.links]
            first = [pool.submit(press, token) for token in tokens[:3]]
            forgetting = pool.submit(forget)
            texts = [its.result() for its in [*first, *(pool.submit(press, t) for t in tokens[3:])]]
            forgetting.result()

        assert set(texts) <= {"x", None}
        assert kept_of(raw, sent) == due_of(raw, sent) == {}
        seen.add(texts.count("x"))

    assert len(seen) > 1, "or it was no race"
