"""Errors are named for the fact, have a stable code, and echo nothing."""

from __future__ import annotations

import pytest

from restante import errors
from restante.errors import Fault, RestanteError

CODES = {
    "not-found", "gone", "held", "paused", "passphrase-required", "passphrase-wrong",
    "code-required", "code-wrong", "rate-limited", "invalid", "key-reused",
    "not-a-sender", "watched", "file-refused",
    "too-large", "file-too-large", "full", "taken-out", "offset-wrong", "superseded",
    "unavailable", "internal", "settings-invalid",
}  # fmt: skip
"""Part of the API: never reworded."""


def every_error() -> list[type[RestanteError]]:
    found = [RestanteError]
    for error in found:
        found += error.__subclasses__()
    return [error for error in found[1:] if error.__module__ == errors.__name__]


def test_the_codes_are_those_that_were_promised():
    assert {error.code for error in every_error()} == CODES
    assert len(every_error()) == len(CODES)


@pytest.mark.parametrize("error", every_error())
def test_every_error_says_a_sentence_to_people_and_one_to_us(error):
    assert error.title.endswith(".")
    assert error.__doc__.strip()


def test_errors_carry_facts():
    gone = errors.Gone("recalled", reason="oops", ended_at=5)

    assert (gone.state, gone.reason, gone.ended_at) == ("recalled", "oops", 5)
    assert (errors.Held(7, 3).opens_at, errors.Held(7, 3).at) == (7, 3)
    assert errors.PassphraseWrong(9).tries_left == 9
    assert errors.TooLarge(1024).limit == 1024


def test_private_facts_are_not_in_an_error_s_own_words():
    """What is logged of an error is its class and its words."""
    gone = errors.Gone("recalled", reason="I sent it to the wrong Ana")

    assert "Ana" not in str(gone) + repr(gone)


def test_a_fault_is_a_field_and_a_sentence():
    fault = Fault("views", "from 1 to 100")
    invalid = errors.Invalid([fault])

    assert (fault.field, fault.detail) == fault == ("views", "from 1 to 100")
    assert invalid.faults == (fault,)


def test_settings_problems_are_all_in_the_operator_s_message():
    error = errors.SettingsInvalid(["one is wrong", "two is wrong"])

    assert str(error).splitlines()[1:] == ["  - one is wrong", "  - two is wrong"]
