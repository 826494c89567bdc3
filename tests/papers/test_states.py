"""The page on states says what the model does, which the property tests hold the product to."""

import pytest

from tests.support import states


def test_the_page_is_what_the_model_gives():
    written = states.PAGE.read_text("utf-8")

    assert written == states.page(written), "run python -m tests.support.states"


@pytest.mark.parametrize("state", states.STATES)
def test_every_state_has_its_row(state):
    assert f"\n| **{state}** |" in states.table()
