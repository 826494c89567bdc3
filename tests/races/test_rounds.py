"""People use the service while it and its store are killed, frozen, cut off and brought back.

`make test` runs short rounds.  `make endurance` runs RACES_SECONDS long ones by RACES_SEED.
"""

from __future__ import annotations

import os
import random

import pytest

from tests.races.rounds import Result, Round
from tests.races.stores import OneStore, ThreeAndThree

STORES = {"one store": OneStore, "three and three": ThreeAndThree}
LEAST = 100
"""So many operations a round has at least, or it shows nothing."""


def judge(result: Result) -> None:
    """Fail for what was found, with all that was counted."""
    report = result.report()
    assert not result.violations, report
    assert not result.unanswered, report
    assert sum(result.operations.values()) > LEAST, report


def chosen_seed() -> int:
    return int(os.environ.get("RACES_SEED") or random.SystemRandom().randrange(1_000_000))


def test_no_promise_is_broken_by_faults_of_one_store(tmp_path):
    first = [
        "lose replies", "kill the store", "freeze the store", "kill a serving process",
        "cut the power", "lose replies", "kill the worker",
    ]  # fmt: skip

    judge(Round(OneStore(tmp_path), tmp_path, chosen_seed()).run(6, first))


def test_no_promise_is_broken_by_faults_of_a_cluster(tmp_path):
    """A primary dies, its heir is cut off from the one that came back, and dies."""
    first = ["fail over, cut replication, kill the heir"]

    judge(Round(ThreeAndThree(tmp_path), tmp_path, chosen_seed()).run(7, first))


@pytest.mark.endurance
@pytest.mark.parametrize("kind", STORES)
def test_no_promise_is_broken_in_a_long_round(tmp_path, kind, capsys):
    seconds = float(os.environ.get("RACES_SECONDS") or 120)
    result = Round(STORES[kind](tmp_path), tmp_path, chosen_seed()).run(seconds)
    with capsys.disabled():
        print(f"\n{kind}: {result.report()}")

    judge(result)
