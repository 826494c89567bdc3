"""A store without room refuses new content whole, and still does all else."""

from __future__ import annotations

import pytest
import redis

from restante import wiring
from restante.errors import (
    Gone,
    NotFound,
    PassphraseWrong,
    Unavailable,
)
from restante.messages import Draft
from restante.rules import Rules
from restante.settings import MIB, Settings
from restante.store.keys import TAGS
from tests.conftest import happened, read, reader_key


def look(house, link, *readers):
    return house.reading.preview(link, [reader_key(r) for r in readers], visitor="browser")


@pytest.fixture
def full(own_store, ring, clock):
    """A house over a small store, and how to fill it."""
    store = own_store(store_bytes=16 * MIB, durability="memory")
    connection = wiring.Connection(wiring.connect(store.url))
    house = wiring.assemble(Settings(), ring, connection, now=clock.now)
    client = redis.Redis.from_url(store.url)

    def fill():
        for number in range(6):
            client.set(f"filling {number}", bytes(MIB))
        # What replies need comes and goes; from here on it is full whatever they need.
        client.config_set("maxmemory", 6 * MIB)
        with pytest.raises(redis.OutOfMemoryError):
            client.set("one more", "x")

    yield house, client, fill
    client.close()
    for pool in connection.pools:
        pool.disconnect()


def test_a_full_store_refuses_new_content_whole_and_still_does_all_else(full, clock):
    house, client, fill = full
    many = tuple(f"recipient {n}" for n in range(5))
    sent = house.sending.send(Draft("one", recipients=many, views=2, passphrase="p"))
    late = house.sending.send(Draft("two", expires_in_seconds=60))
    fill()
    keys, due = client.dbsize(), client.zcard(f"{{{TAGS[sent.control.shard]}}}:due")
    for _ in range(3):
        with pytest.raises(Unavailable):
            house.sending.send(Draft("three", recipients=many))
        with pytest.raises(Unavailable):
            house.sending.replace(sent.control, "four", passphrase="p")
    assert client.dbsize() == keys
    assert client.zcard(f"{{{TAGS[sent.control.shard]}}}:due") == due
    assert house.managing.status(sent.control).version == 1

    ana, bob, cid, dot, _ = (link.token for link in sent.links)
    look(house, ana, 1)
    for reader in (1, 2):
        assert read(house, ana, reader, "p") == "one"
    assert read(house, ana, 1, "p") == "one"
    house.answering.acknowledge(ana, reader_key(1), keep=False)
    with pytest.raises(PassphraseWrong):
        read(house, bob, 1, "wrong")
    for _ in range(10):
        with pytest.raises((PassphraseWrong, Gone)):
            read(house, dot, 1, "wrong")
    at = house.managing.status(sent.control).expires_at
    assert house.managing.extend(sent.control, 600) < at
    assert house.managing.extend(sent.control, 7 * 86_400) == at
    house.managing.pause(sent.control)
    assert house.managing.status(sent.control).paused_at
    house.managing.resume(sent.control)
    house.managing.set_rules(sent.control, Rules(tell_after=60, recall_after=7_200))
    (verdict,) = house.managing.recall(sent.control, [cid.link_id], reason="full")
    assert verdict.outcome == "recalled_unread"
    clock.forward(60_000)
    house.timekeeping.catch_up()
    assert happened(house, sent).count("link.unread") == 2
    house.managing.set_rules(sent.control, Rules(recall_after=0))
    clock.forward(Settings().expiry_default * 1000)
    house.timekeeping.catch_up()
    assert [str(link.state) for link in house.managing.status(sent.control).links] == [
        "spent", "expired", "recalled", "locked", "expired",
    ]  # fmt: skip
    assert house.managing.status(late.control).links[0].state == "expired"
    clock.forward(Settings().retention_seconds * 1000)
    house.timekeeping.catch_up()
    for one in (sent, late):
        with pytest.raises(NotFound):
            house.managing.status(one.control)
