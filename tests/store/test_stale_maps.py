"""A process whose map of the cluster is out of date finds its way, whatever the old node says."""

from __future__ import annotations

import signal
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from restante import wiring
from restante.errors import Unavailable
from restante.messages import Draft
from restante.store import keys
from tests.store.test_cluster import PRIMARIES, Cluster, cluster, house, wait_until

if TYPE_CHECKING:
    from restante.reports import Sent
    from restante.wiring import Services

__all__ = ["cluster", "house"]


def place_of(cluster: Cluster, sent: Sent) -> int:
    """Return the place of the primary that has a message."""
    slot = cluster.client(0).execute_command("CLUSTER", "KEYSLOT", keys.message(sent.control))
    for first, last, primary, *_ in cluster.client(0).execute_command("CLUSTER", "SLOTS"):
        if first <= slot <= last:
            return cluster.ports.index(primary[1])
    raise AssertionError


def test_a_primary_that_became_a_replica_before_its_first_request_leads_to_the_new_one(
    cluster: Cluster, house: Services
) -> None:
    """Nothing is known of its shard yet, so the process looks at it before it runs anything."""
    sent = house.sending.send(Draft("x"))
    place = place_of(cluster, sent)
    heir = (place + PRIMARIES) % (2 * PRIMARIES)
    house.connection.nodes.learn()
    cluster.client(heir).execute_command("CLUSTER", "FAILOVER")
    wait_until(lambda: cluster.client(heir).info("replication")["role"] == "master")
    wait_until(lambda: cluster.replicates(place))
    wait_until(lambda: all(cluster.is_ok(p) for p in range(2 * PRIMARIES)))

    assert house.managing.status(sent.control).version == 1


def test_a_primary_that_answers_nothing_any_more_does_not_keep_its_shard(
    cluster: Cluster, house: Services
) -> None:
    """Each request to it ends by a timeout, which is not repeated: the next one looks again."""
    plain = wiring.build(replace(house.settings, durability="disk"))
    sent = plain.sending.send(Draft("x"))
    place = place_of(cluster, sent)
    heir = (place + PRIMARIES) % (2 * PRIMARIES)
    cluster.servers[place].send_signal(signal.SIGSTOP)
    try:
        wait_until(lambda: cluster.client(heir).info("replication")["role"] == "master")

        def answers() -> bool:
            try:
                return plain.managing.status(sent.control).version == 1
            except Unavailable:
                return False

        wait_until(answers, 8)
    finally:
        cluster.servers[place].send_signal(signal.SIGCONT)
        plain.connection.nodes.cluster.close()


def test_a_map_without_a_slot_is_read_again(house: Services) -> None:
    """It was read while the cluster lacked the slot."""
    sent = house.sending.send(Draft("x"))
    nodes = house.connection.nodes
    wait_until(lambda: nodes.of(b"x") is not None)
    nodes.cluster.nodes_manager.slots_cache.clear()
    with pytest.raises(Unavailable):
        house.managing.status(sent.control)

    def answers() -> bool:
        try:
            return house.managing.status(sent.control).version == 1
        except Unavailable:
            return False

    wait_until(answers, 5)
