"""A program that is missing is never passed over in silence."""

import os
import subprocess
import sys

import pytest

from tests.conftest import SYSTEM_FOLDERS
from tests.support.processes import ROOT

NAME = "no-such-program"
INNER = f"""
def test_needs_it(program):
    program("{NAME}")
"""


def run_inner(tmp_path, *words, **environ):
    """Run a test that needs the program with our own conftest; return what pytest says."""
    (tmp_path / "test_inner.py").write_text(INNER)
    kept = {name: value for name, value in os.environ.items() if name != "PROGRAMS"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-c", ROOT / "pyproject.toml",
         "--rootdir", tmp_path, *words, tmp_path],
        cwd=ROOT, env=kept | environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout


@pytest.mark.parametrize("words", [("-n", "0"), ("-n", "1")])
def test_what_needs_a_missing_program_is_skipped_and_told_of(tmp_path, words):
    told = run_inner(tmp_path, *words)

    assert "1 skipped" in told
    assert f"NO {NAME.upper()}: WHAT NEEDS IT WAS NOT TESTED" in told
    assert "PROGRAMS=required makes this a failure" in told


def test_what_needs_a_missing_program_fails_where_it_is_required(tmp_path):
    told = run_inner(tmp_path, "-n", "0", PROGRAMS="required")

    assert "1 failed" in told
    assert f"PROGRAMS=required, and there is no {NAME}" in told


def test_servers_are_found_where_a_persons_path_does_not_lead(program, monkeypatch, tmp_path):
    """Every system has ldconfig in one of those folders."""
    monkeypatch.setenv("PATH", str(tmp_path))

    assert program("ldconfig").rpartition("/")[0] in SYSTEM_FOLDERS
