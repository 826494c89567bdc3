"""When a client asks again, decided without any line."""

import json

import pytest

from restante_client import Policy, Problem, RateLimited, Unavailable, Unreachable, verbs
from restante_client.retries import Again, Answer, Done, Loss, Tries

POLICY = Policy(tries=4, patience=20.0, first_wait=1.0, longest_wait=3.0)
LOST = Loss("ReadTimeout", was_sent=True)
NOT_SENT = Loss("ConnectError", was_sent=False)


class Clock:
    def __init__(self):
        self.at = 0.0

    def now(self):
        return self.at


def tries(verb, clock=None, policy=POLICY, chance=1.0):
    return Tries(verb, policy, (clock or Clock()).now, lambda: chance)


def refusal(code, status, **headers):
    body = json.dumps({"code": code, "status": status, "detail": "No."}).encode()
    return Answer(status, {"retry-after": headers["wait"]} if headers else {}, body)


FORGET = verbs.forget("C")
REPLACE = verbs.replace("C", "text", None)


def test_the_wait_doubles_up_to_its_most_and_then_the_tries_are_over():
    its = tries(FORGET)
    waits = [its.judge(LOST).wait for _ in range(3)]
    with pytest.raises(Unreachable) as error:
        its.judge(LOST)

    assert waits == [1.0, 2.0, 3.0]
    assert error.value.may_have_happened


def test_chance_takes_at_most_half_of_a_wait():
    assert tries(FORGET, chance=0.0).judge(LOST).wait == 0.5


def test_the_service_says_how_long_to_wait():
    assert tries(FORGET).judge(refusal("rate-limited", 429, wait="7")).wait == 7.0
    assert tries(FORGET).judge(refusal("unavailable", 503, wait="2")).wait == 2.0


def test_a_wait_that_is_longer_than_the_patience_is_an_error_at_once():
    with pytest.raises(RateLimited) as error:
        tries(FORGET).judge(refusal("rate-limited", 429, wait="86400"))

    assert error.value.retry_after == 86_400


def test_patience_ends_with_the_clock():
    clock = Clock()
    its = tries(FORGET, clock)
    assert its.judge(LOST) == Again(1.0)
    clock.at = 19.0
    with pytest.raises(Unreachable):
        its.judge(LOST)


def test_a_verb_that_is_not_safe_is_repeated_only_if_it_was_not_sent():
    assert tries(REPLACE).judge(NOT_SENT) == Again(1.0)
    with pytest.raises(Unreachable) as lost:
        tries(REPLACE).judge(LOST)
    with pytest.raises(Unavailable):
        tries(REPLACE).judge(refusal("unavailable", 503, wait="2"))

    assert lost.value.may_have_happened


def test_what_was_never_sent_did_not_happen():
    its = tries(FORGET, policy=Policy(tries=1))
    with pytest.raises(Unreachable) as error:
        its.judge(NOT_SENT)

    assert not error.value.may_have_happened


@pytest.mark.parametrize("status", [400, 403, 404, 405, 409, 410, 413, 415, 422, 500])
def test_a_refusal_is_not_repeated(status):
    with pytest.raises(Problem) as error:
        tries(FORGET).judge(refusal("some-code", status))

    assert error.value.status == status


def test_a_redirect_names_the_likely_reason():
    with pytest.raises(Unreachable, match="check the URL"):
        tries(FORGET).judge(Answer(301, {}, b""))


@pytest.mark.parametrize("body", [b"{}", b"[]", b"<p>hi</p>", b'{"verdicts": [{}]}', b"\xff"])
def test_an_answer_that_is_none_of_restante_counts_as_lost(body):
    assert isinstance(tries(verbs.recall("C", None, None)).judge(Answer(200, {}, body)), Again)


def test_the_first_good_answer_is_the_value():
    body = json.dumps({"version": 2, "links": [{"id": "a", "outcome": "replaced"}]}).encode()
    done = tries(REPLACE).judge(Answer(200, {}, body))

    assert isinstance(done, Done)
    assert done.value.version == 2
