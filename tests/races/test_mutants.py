"""The history checker finds each of the product's mutants: a proof that its rounds can fail."""

from __future__ import annotations

import pytest

from tests.races.mutants import MUTANTS, make
from tests.races.rounds import Round
from tests.races.test_rounds import STORES, chosen_seed

MOST_SECONDS = 150.0
QUICK = ("the text is read first and the view spent after", "the event is written after the deed")


@pytest.mark.parametrize("name", MUTANTS)
def test_every_mutant_still_fits(tmp_path, name):
    """What they change is there: else the proofs below would prove nothing."""
    assert make(MUTANTS[name], tmp_path)


def find(name, folder):
    """Run a mutant until a promise is seen to break."""
    mutant = MUTANTS[name]
    tree = make(mutant, folder)
    seed = chosen_seed()
    store = STORES[mutant.store](folder, tree)
    result = Round(store, folder, seed, tree).run(MOST_SECONDS, mutant.faults, until_broken=True)
    print(result.report())
    found = [violation.what for violation in result.violations]

    assert found
    # It breaks a promise; it does not merely fail.
    assert not [what for what in found if "answered 500" in what]


@pytest.mark.parametrize("name", QUICK)
def test_mutants_that_need_no_fault_are_found(tmp_path, name):
    find(name, tmp_path)


@pytest.mark.endurance
@pytest.mark.parametrize("name", [name for name in MUTANTS if name not in QUICK])
def test_mutants_that_need_faults_are_found(tmp_path, name):
    find(name, tmp_path)
