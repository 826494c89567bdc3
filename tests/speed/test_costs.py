"""What a request costs, counted and so never noisy: a change that makes one dearer fails here."""

import json
import subprocess
import sys

import pytest

from bench.contenders import OURS
from tests.speed.costs import SENDER, Cost
from tests.support.processes import ROOT, own_environ

MOST = {
    "send": Cost(1, 28, 1017, 426, 1283),
    "preview": Cost(1, 18, 689, 194, 906),
    "reveal": Cost(1, 24, 879, 317, 1008),
    "gate page": Cost(1, 19, 1147, 487, 5848),
    "status": Cost(1, 16, 721, 197, 1780),
    "recall": Cost(1, 22, 726, 264, 929),
    "acknowledge": Cost(1, 22, 703, 323, 684),
    "page reveal": Cost(1, 25, 1820, 726, 9533),
    "browser send": Cost(1, 31, 1514, 828, 1227),
    "list page": Cost(2, 20, 6318, 504, 30329),
    "control page": Cost(1, 18, 3501, 541, 22344),
    "nothing new": Cost(1, 16, 729, 569, 704),
    "what is new": Cost(1, 16, 3082, 558, 13220),
}
"""Round trips, system calls, Python function calls, bytes of the request and of the answer: a
tenth above what Python 3.11 counted (3.12 and 3.13 count within a tenth of it), with rate
limits on.  Lower them when something got cheaper: `python -m tests.speed.costs` prints the rows."""
HOW = (
    "this request got dearer. Look for the cause: `python -m bench --only profile` shows where the"
    " time goes, `git stash` and `python -m tests.speed.costs` what it was before. If it is worth"
    " the cost, raise its row in MOST and say why in the commit"
)


@pytest.fixture(scope="module")
def costs():
    """Counted in a process of its own: no test before it has changed what is warm."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.speed.costs"],
        cwd=ROOT,
        env=own_environ({}),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {name: Cost(*cost) for name, cost in json.loads(done.stdout.splitlines()[-1]).items()}


@pytest.mark.parametrize("name", [verb.name for verb in (*OURS, *SENDER)])
def test_a_request_costs_no_more_than_its_bounds(costs, name):
    dearer = {
        figure: f"{found}, at most {most}"
        for figure, found, most in zip(Cost._fields, costs[name], MOST[name], strict=True)
        if found > most
    }

    assert not dearer, HOW
