"""The tests of the sent lists find each mutant of their verbs: a proof that they can fail."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from tests.races.list_mutants import LIST_MUTANTS, TESTS
from tests.races.mutants import make
from tests.support.processes import ROOT

MOST_SECONDS = 120
FAILED = 1
"""What pytest exits with if tests ran and some failed."""


def test_every_mutant_of_the_lists_still_fits():
    for name, mutant in LIST_MUTANTS.items():
        for file, before, after in mutant.changes:
            assert (ROOT / file).read_text("utf-8").count(before) == 1, (
                f"{name}: {file} has changed"
            )
            assert before != after


@pytest.mark.endurance
@pytest.mark.parametrize("name", LIST_MUTANTS)
def test_mutants_of_the_lists_are_found(tmp_path, name):
    tree = make(LIST_MUTANTS[name], tmp_path)
    ignored = shutil.ignore_patterns("__pycache__", "dumps")
    shutil.copytree(ROOT / "tests", tree / "tests", ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tree)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", TESTS],
        cwd=tree, capture_output=True, text=True, timeout=MOST_SECONDS, check=False,
    )  # fmt: skip
    print(done.stdout[-2000:], done.stderr[-500:])

    assert done.returncode == FAILED
    # It breaks what a test promises; it does not merely keep the tests from running.
    assert "ERROR" not in done.stdout
