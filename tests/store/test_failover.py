"""`replicas:all` after failovers: what is waited for is never older than the answer."""

from __future__ import annotations

import signal
import time
from contextlib import contextmanager

import pytest

from restante import wiring
from restante.commands.checks import Grade, of_primary
from restante.crypto.tokens import ReaderKey
from restante.errors import Gone, NotFound, Unavailable
from restante.messages import Draft, Outcome
from restante.store import keys
from restante.store.connection import Connection
from restante.store.diagnostics import inspect
from restante.store.stats import Numbers
from tests.commands.test_commands import run
from tests.store.test_cluster import PRIMARIES, REPLICAS, SLOTS, cluster, house, wait_until

__all__ = ["cluster", "house"]

A, B = ReaderKey("a" * 20), ReaderKey("b" * 20)


@contextmanager
def frozen(cluster, *places):
    cluster.signal(places, signal.SIGSTOP)
    try:
        yield
    finally:
        cluster.signal(places, signal.SIGCONT)


def patiently(ask):
    """Ask until the cluster has found itself again."""
    end = time.monotonic() + 20
    while True:
        try:
            return ask()
        except Unavailable:
            assert time.monotonic() < end
            time.sleep(0.1)


def place_of(cluster, control):
    slot = cluster.client(0).execute_command("CLUSTER", "KEYSLOT", keys.message(control))
    return next(p for p in range(PRIMARIES) if slot < SLOTS * (p + 1) // PRIMARIES)


def lacks(house):
    return house.files.shortcomings("replicas:all")


def send_to(cluster, house, place, **options):
    while True:
        sent = patiently(lambda: house.sending.send(Draft("x", **options)))
        if place_of(cluster, sent.control) == place:
            return sent


def test_a_primary_that_came_back_as_a_replica_is_waited_for(cluster, house):
    sent = [send_to(cluster, house, 0) for _ in range(3)]
    heir = cluster.fail_over(0)
    cluster.revive(0)
    patiently(lambda: house.managing.status(sent[0].control))
    wait_until(lambda: lacks(house) == [])
    with frozen(cluster, 0):
        for one in sent[:2]:
            with pytest.raises(Unavailable):
                house.managing.recall(one.control)
        with pytest.raises(Unavailable):
            house.reading.reveal(sent[2].links[0].token, A, None, visitor="program")
    patiently(lambda: house.managing.status(sent[0].control))
    verdicts = [patiently(lambda o=one: house.managing.recall(o.control)) for one in sent[:2]]
    text = patiently(lambda: house.reading.reveal(sent[2].links[0].token, A, None, visitor="x"))
    assert text.text == "x"
    cluster.fail_over(heir)
    cluster.revive(heir)

    assert [v[0].outcome for v in verdicts] == [Outcome.RECALLED_UNREAD] * 2
    for one in sent:
        with pytest.raises(Gone):
            patiently(
                lambda o=one: house.reading.reveal(o.links[0].token, B, None, visitor="program")
            )


def test_a_primary_without_a_replica_runs_nothing_until_one_is_back(cluster, house):
    sent = send_to(cluster, house, 0)
    heir = cluster.fail_over(0)
    # It finds the heir, and asks nothing of it.
    for _ in range(3):
        with pytest.raises(Unavailable):
            house.reading.reveal(sent.links[0].token, A, None, visitor="program")
    state = cluster.client(heir).hget(keys.link(sent.links[0].token), "state")
    told = lacks(house)
    cluster.revive(0)

    assert state is None  # it is sealed, as from the beginning
    assert any("releases nothing (shards" in lack for lack in told)
    assert patiently(
        lambda: house.reading.reveal(sent.links[0].token, B, None, visitor="program")
    ).text
    wait_until(lambda: lacks(house) == [])


def test_no_read_reports_a_refused_write(cluster, house):
    read, recalled = (
        send_to(cluster, house, 1, recipients=("Ana", "Bob"), passphrase="p") for _ in range(2)
    )
    link = recalled.links[0].token
    asks = {
        "status": lambda: house.managing.status(recalled.control),
        "preview": lambda: house.reading.preview(link, visitor="browser"),
        "look without a trace": lambda: house.reading.preview(link, visitor=""),
        "reveal": lambda: house.reading.reveal(link, A, "p", visitor="program"),
        "account": lambda: house.answering.link_history(link, [A]),
        "replace": lambda: house.sending.replace(recalled.control, "y", passphrase="p"),
        "extend": lambda: house.managing.extend(recalled.control, 3600),
        "recall": lambda: house.managing.recall(recalled.control),
        "acknowledge": lambda: house.answering.acknowledge(link, A, keep=True),
        "dispute": lambda: house.answering.dispute(link, [B]),
        "decline": lambda: house.answering.decline(link, [B]),
        "confirm": lambda: house.answering.confirm(link, A),
        "take": lambda: house.delivering.take(recalled.control.shard, 10),
        "catch up": house.timekeeping.catch_up,
        "tokens": house.admission.listed,
        "read": lambda: house.reading.reveal(read.links[0].token, A, "p", visitor="program"),
    }
    with frozen(cluster, *REPLICAS):
        with pytest.raises(Unavailable):
            house.managing.recall(recalled.control)
        told = {}
        for name, ask in asks.items():
            try:
                told[name] = ask()
            except Unavailable:
                continue
            except (Gone, NotFound) as error:
                told[name] = error
    assert told == {}
    assert patiently(lambda: house.managing.status(recalled.control)).links[0].state == "recalled"


def test_a_replica_that_joins_is_waited_for_and_one_that_is_forgotten_is_not(cluster, house):
    sent = send_to(cluster, house, 0, views=3)
    link = sent.links[0].token
    # The second shard's replica joins the first.
    primary = cluster.client(0).execute_command("CLUSTER", "MYID")
    moved, own = REPLICAS[1], REPLICAS[0]
    cluster.client(moved).execute_command("CLUSTER", "REPLICATE", primary)
    wait_until(lambda: cluster.client(0).info("replication")["connected_slaves"] == 2)
    with frozen(cluster, moved), pytest.raises(Unavailable):
        house.reading.reveal(link, A, None, visitor="program")
    patiently(lambda: house.reading.reveal(link, A, None, visitor="program"))
    forgotten = cluster.client(moved).execute_command("CLUSTER", "MYID")
    cluster.kill(moved)
    with pytest.raises(Unavailable):
        house.reading.reveal(link, B, None, visitor="program")
    for place in (*range(PRIMARIES), own, REPLICAS[2]):
        cluster.client(place).execute_command("CLUSTER", "FORGET", forgotten)

    assert patiently(lambda: house.reading.reveal(link, B, None, visitor="program")).text == "x"


def test_ready_check_and_metric_name_the_shard_that_releases_nothing(cluster, house):
    house.sending.send(Draft("x"))
    wait_until(lambda: lacks(house) == [])
    well = [one.missing for one in Numbers(house.connection).read()[1]]
    cluster.kill(REPLICAS[2])
    wait_until(lambda: lacks(house) != [])
    [lack] = lacks(house)
    judged = [f for p in inspect(house.connection) for f in of_primary(p, "replicas:all")]
    settings = {
        "RESTANTE_REDIS_URL": house.settings.redis_url,
        "RESTANTE_ROOT_KEYS": house.settings.root_keys,
        "RESTANTE_DURABILITY": "replicas:all",
    }
    said = run(settings, "check").stdout

    assert said.count("0 of 1 replicas are connected to a primary") == 1
    assert lack in said
    assert well == [0] * PRIMARIES
    assert "0 of 1 replicas are connected to a primary, so it releases nothing (shards" in lack
    assert sorted(one.missing for one in Numbers(house.connection).read()[1]) == [0, 0, 1]
    assert [f.grade for f in judged].count(Grade.PROBLEM) == 1


def test_the_check_warns_of_a_failover_that_loses_deeds(cluster, house):
    judged = [f for p in inspect(house.connection) for f in of_primary(p, "disk")]

    assert sum("a failover may lose" in words for _, words in judged) == PRIMARIES


def test_a_store_that_is_a_replica_is_not_ready(cluster, house):
    place = REPLICAS[0]
    connection = Connection(wiring.connect(f"redis://127.0.0.1:{cluster.ports[place]}"))
    other = wiring.assemble(house.settings, house.keyring, connection)
    found = other.files.shortcomings("disk")
    for pool in connection.pools:
        pool.disconnect()

    assert "the store is a replica: nothing can be written there" in found


def test_a_request_is_one_round_trip_also_under_replicas_all(cluster, house, monkeypatch):
    for _ in range(2):
        # The first one teaches the scripts, and what the shard is.
        sent = send_to(cluster, house, 0, views=2)
        house.managing.status(sent.control)
        house.reading.reveal(sent.links[0].token, A, None, visitor="program")
        house.managing.recall(sent.control)
    sent = send_to(cluster, house, 0, views=2)
    node = house.connection.nodes.of(keys.message(sent.control))
    connection = node.pool.get_connection()
    node.pool.release(connection)
    sends = []
    kind = type(connection)
    before = kind.send_packed_command
    monkeypatch.setattr(
        kind,
        "send_packed_command",
        lambda self, *a, **k: (sends.append(1), before(self, *a, **k))[1],
    )
    house.managing.status(sent.control)
    house.reading.reveal(sent.links[0].token, A, None, visitor="program")
    house.managing.recall(sent.control)

    assert len(sends) == 3
