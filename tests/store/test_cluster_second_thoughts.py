"""Pause, resume, rules and forget in a cluster of three primaries, each with a replica."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from restante import wiring
from restante.crypto.tokens import SHARDS
from restante.errors import Gone, NotFound, Paused, Unavailable
from restante.messages import Draft, Outcome
from restante.rules import Rules
from tests.conftest import Clock, happened, read
from tests.store.test_cluster import PRIMARIES, REPLICAS, Cluster, cluster, house, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from restante.reports import Sent
    from restante.wiring import Services

__all__ = ["cluster", "house"]
HOUR, HOUR_MS = 3_600, 3_600_000


def turned(house: Services, clock: Clock) -> Services:
    """Return the same use cases by a clock that the test turns."""
    return wiring.assemble(house.settings, house.keyring, house.connection, now=clock.now)


def test_every_shard_pauses_rules_and_forgets_wherever_its_slot_lies(house: Services) -> None:
    clock = Clock()
    house = turned(house, clock)
    sent: dict[int, Sent] = {}
    while len(sent) < SHARDS:
        one = house.sending.send(Draft("x", recipients=("Ana", "Ben"), views=2))
        sent[one.control.shard] = one
    for one in sent.values():
        ana = one.links[0].token
        house.managing.pause(one.control)
        with pytest.raises(Paused):
            read(house, ana)
        house.managing.set_rules(one.control, Rules(HOUR, 2 * HOUR))
        house.managing.resume(one.control)
        assert read(house, ana) == "x"
        assert house.managing.extend(one.control, 9 * HOUR) == clock.now() + 9 * HOUR_MS
    clock.forward(2 * HOUR_MS)
    for one in sent.values():
        with pytest.raises(Gone):
            read(house, one.links[1].token)
    house.timekeeping.catch_up()

    for one in sent.values():
        assert happened(house, one)[-2:] == ["link.unread", "link.recalled"]
        house.managing.forget(one.control)
        with pytest.raises(NotFound):
            house.managing.status(one.control)


def test_nobody_is_told_of_a_pause_a_rule_or_an_end_that_a_replica_may_not_know(
    cluster: Cluster, house: Services
) -> None:
    sent = {deed: house.sending.send(Draft(deed)) for deed in ("pause", "rule", "forget")}
    deeds: dict[str, Callable[[], None]] = {
        "pause": lambda: house.managing.pause(sent["pause"].control),
        "rule": lambda: house.managing.set_rules(sent["rule"].control, Rules(HOUR)),
        "forget": lambda: house.managing.forget(sent["forget"].control),
    }
    cluster.signal(REPLICAS, signal.SIGSTOP)
    try:
        for deed in deeds.values():
            with pytest.raises(Unavailable):
                deed()
    finally:
        cluster.signal(REPLICAS, signal.SIGCONT)
    wait_until(lambda: all(cluster.replicates(place) for place in REPLICAS))
    for deed in deeds.values():
        deed()

    with pytest.raises(Paused):
        read(house, sent["pause"].links[0].token)
    assert house.managing.status(sent["rule"].control).tell_at
    with pytest.raises(NotFound):
        read(house, sent["forget"].links[0].token)


def test_what_was_told_of_them_holds_after_every_primary_died(
    cluster: Cluster, house: Services
) -> None:
    clock = Clock()
    house = turned(house, clock)
    paused, resumed, forgotten, ruled = (
        house.sending.send(Draft(text)) for text in ("paused", "resumed", "forgotten", "ruled")
    )
    house.managing.pause(paused.control)
    house.managing.pause(resumed.control)
    house.managing.resume(resumed.control)
    house.managing.forget(forgotten.control)
    house.managing.set_rules(ruled.control, Rules(recall_after=HOUR))
    for place in range(PRIMARIES):
        cluster.fail_over(place)
        cluster.revive(place)

    def again() -> bool:
        try:
            for one in (paused, resumed, ruled):
                house.managing.status(one.control)
            house.reading.preview(forgotten.links[0].token, visitor="")
        except Unavailable:
            return False
        except NotFound:
            return True
        return False

    wait_until(again)
    with pytest.raises(Paused):
        read(house, paused.links[0].token)
    assert read(house, resumed.links[0].token) == "resumed"
    with pytest.raises(NotFound):
        read(house, forgotten.links[0].token)
    clock.forward(HOUR_MS)
    with pytest.raises(Gone):
        read(house, ruled.links[0].token)
    [verdict] = house.managing.recall(ruled.control)
    assert (verdict.outcome, verdict.by_rule) == (Outcome.RECALLED_UNREAD, True)
