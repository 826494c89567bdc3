"""How a channel stands, as its sender may see it, from what the store keeps of it."""

import pytest

from restante.channel_states import OURS, UNREACHED, ChannelState, Outcome, Standing
from restante.channels.failures import FailureReason

QUIET = {
    b"name": b"webhook", b"cursor": 1, b"failures": 0, b"failure": b"", b"told_at": 0,
    b"note": b"", b"test": 0, b"dead": 0,
}  # fmt: skip


def standing(**more):
    return Standing.of(QUIET | {name.encode(): value for name, value in more.items()}, 50)


@pytest.mark.parametrize(
    ("more", "state"),
    [
        ({}, ChannelState.NEW),
        ({"told_at": 9}, ChannelState.TOLD),
        ({"failures": 1, "failure": b"404", "told_at": 9}, ChannelState.FAILING),
        ({"failures": 9, "failure": b"404", "dead": 1}, ChannelState.GIVEN_UP),
        ({"failure": b"404", "told_at": 9}, ChannelState.TOLD),
        ({"note": b"asked"}, ChannelState.ASKED),
        ({"note": b"refused", "told_at": 9}, ChannelState.REFUSED),
        ({"note": b"given"}, ChannelState.NEW),
    ],
)
def test_a_channel_stands_as_its_last_try_went(more, state):
    assert standing(**more).state is state


@pytest.mark.parametrize(
    ("more", "came"),
    [
        ({}, None),
        ({"test": 2}, Outcome.WAITING),
        ({"test": 2, "note": b"asked"}, Outcome.WAITING),
        ({"test": 2, "failures": 1, "failure": b"500"}, Outcome.FAILED),
        ({"test": 2, "cursor": 2, "told_at": 50}, Outcome.DELIVERED),
        ({"test": 2, "cursor": 2, "told_at": 49}, Outcome.FAILED),
        ({"test": 2, "cursor": 2, "told_at": 60, "note": b"refused"}, Outcome.FAILED),
    ],
)
def test_a_test_is_delivered_only_if_something_went_out_since(more, came):
    assert standing(**more).tested is came


@pytest.mark.parametrize("word", sorted(UNREACHED))
def test_a_sender_does_not_learn_which_names_and_addresses_there_are_inside(word):
    assert standing(failures=1, failure=word.encode()).failure == "unreachable"


def test_the_words_are_those_of_failures():
    assert {reason.value for reason in FailureReason} >= UNREACHED | OURS
    assert standing(failures=1, failure=b"no-relay").failure == "internal"
    assert standing(failures=1, failure=b"tls").failure == "tls"
