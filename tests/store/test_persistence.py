"""The store's files: how a rewrite ends is told."""

from __future__ import annotations

import os
import signal

import pytest
import redis

from restante import wiring
from restante.settings import Settings
from restante.store.connection import Connection
from restante.store.persistence import Files
from restante.store.stats import Numbers
from tests.support.processes import wait_until
from worker.deadline_runner import Worker


@pytest.fixture
def own(own_store, ring):
    store = own_store()
    connection = Connection(wiring.connect(store.url))
    with redis.Redis.from_url(store.url) as client:
        yield wiring.assemble(Settings(), ring, connection), store, client
    for pool in connection.pools:
        pool.disconnect()


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:  # noqa: PTH123
        return [int(word) for word in file.read().split()]


def test_a_rewrite_that_fails_is_told_and_one_that_ends_well_too(own, capsys):
    house, store, client = own
    files = Files(house.connection, settle_seconds=0)
    worker = Worker(house.timekeeping, files)
    for number in range(500):
        client.set(f"key {number}", "x")
    client.config_set("rdb-key-save-delay", 200_000)
    worker.turn()
    [child] = wait_until(lambda: children(store.pid))
    os.kill(child, signal.SIGKILL)
    wait_until(lambda: client.info("persistence")["aof_last_bgrewrite_status"] == "err")
    client.config_set("rdb-key-save-delay", 0)
    assert files.outcomes() == []
    files.scrub()
    failed = files.outcomes()
    lacks = files.shortcomings("disk")
    told = [one.rewrite_failed for one in Numbers(house.connection).read()[1]]
    for note in client.scan_iter("*:scrub"):
        client.delete(note)
    assert files.scrub()

    def ended():
        files.scrub()
        return files.outcomes()

    assert failed == [False]
    assert lacks == ["the store could not rewrite its file: what was destroyed is still in it"]
    assert told == [True]
    assert wait_until(ended) == [True]
    assert files.shortcomings("disk") == []
    assert [one.rewrite_failed for one in Numbers(house.connection).read()[1]] == [False]
