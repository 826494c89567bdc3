"""A program that is missing is never passed over in silence."""

import pytest

from tests.conftest import MISSING, SYSTEM_FOLDERS

NAME = "no-such-program"


def test_what_needs_a_missing_program_is_skipped_and_told_of(program, monkeypatch, request):
    monkeypatch.delenv("PROGRAMS", raising=False)
    with pytest.raises(pytest.skip.Exception):
        program(NAME)
    told = request.config.stash[MISSING].pop(NAME)

    assert told == "PROGRAMS"


def test_what_needs_a_missing_program_fails_where_it_is_required(program, monkeypatch, request):
    monkeypatch.setenv("PROGRAMS", "required")
    with pytest.raises(pytest.fail.Exception):
        program(NAME)

    assert NAME not in request.config.stash.get(MISSING, {})


def test_servers_are_found_where_a_persons_path_does_not_lead(program, monkeypatch, tmp_path):
    """Every system has ldconfig in one of those folders."""
    monkeypatch.setenv("PATH", str(tmp_path))

    assert program("ldconfig").rpartition("/")[0] in SYSTEM_FOLDERS
