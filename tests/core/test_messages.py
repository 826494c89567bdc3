"""What links can be, and what is never shown when they are printed."""

from __future__ import annotations

import dataclasses

import pytest

from restante.messages import Draft, Evidence, Outcome, State


def test_a_link_ends_in_one_of_four_ways():
    final = {state for state in State if state.final}

    assert final == {State.SPENT, State.RECALLED, State.EXPIRED, State.LOCKED}
    assert set(State) - final == {State.HELD, State.SEALED, State.READ}


def test_states_and_outcomes_are_the_words_of_the_api():
    assert {str(state) for state in State} == {
        "held", "sealed", "read", "spent", "recalled", "expired", "locked",
    }  # fmt: skip
    assert {str(outcome) for outcome in Outcome} == {
        "recalled_unread", "recalled_after_read",
        "already_spent", "already_expired", "already_locked",
    }  # fmt: skip


def test_every_end_that_is_not_a_recall_has_an_outcome_of_its_own():
    for state in State:
        if state.final and state is not State.RECALLED:
            assert Outcome(f"already_{state}")


def test_evidence_names_only_what_is_known():
    assert Evidence().as_dict() == {}
    assert Evidence(network="192.0.2.0/24").as_dict() == {"network": "192.0.2.0/24"}
    assert set(Evidence("n", "b", "s", "ES").as_dict()) == {
        "network",
        "browser",
        "system",
        "country",
    }


def test_a_draft_is_a_view_once_message_to_one_unless_it_says_otherwise():
    draft = Draft("text")

    assert (draft.views, draft.recipients, draft.hold_seconds) == (1, (), 0)
    assert draft.passphrase is draft.expires_in_seconds is None


def test_a_draft_is_immutable():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Draft("text").text = "another"
