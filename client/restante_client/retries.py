"""Whether to ask again, and after how long.  No I/O and no clock of its own."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from restante_client.errors import Problem, RateLimited, Unreachable, problem
from restante_client.verbs import Verb

T = TypeVar("T")
OK, REDIRECTS, REFUSED, LIMITED = range(200, 300), range(300, 400), range(400, 500), 429
LOST = {502, 503, 504}
"""Statuses of a proxy that got no answer, or of a service that cannot answer now."""

DIGITS = 9
"""Of a number of seconds; a longer one is no wait."""
UNFIT = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What reading an answer raises that is none of Restante."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How patient a client is.

    Attributes:
        tries: Requests at the most.
        patience: Seconds from the first request, after which no other one starts.
        first_wait, longest_wait: Seconds; the wait doubles from one to the other, with jitter.
    """

    tries: int = 6
    patience: float = 40.0
    first_wait: float = 0.25
    longest_wait: float = 8.0


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of HTTP, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def retry_after(self) -> float | None:
        """Seconds to wait, if the answer says so; a date does not count."""
        written = self.headers.get("retry-after", "")
        is_whole = written.isascii() and written.isdigit() and len(written) <= DIGITS
        return float(written) if is_whole else None


@dataclass(frozen=True, slots=True)
class Loss:
    """There was no answer: *reason* in words, and whether the request was on its way."""

    reason: str
    was_sent: bool


@dataclass(frozen=True, slots=True)
class Again:
    """Ask once more, after *wait* seconds."""

    wait: float


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """The verb is done, and this is its value."""

    value: T


class Tries(Generic[T]):
    """The tries of one verb: tells after each outcome what to do."""

    def __init__(
        self,
        verb: Verb[T],
        policy: Policy,
        now: Callable[[], float],
        chance: Callable[[], float] = random.random,
    ) -> None:
        """*now* is a clock that only goes forward, in seconds."""
        self._verb, self._policy, self._now, self._chance = verb, policy, now, chance
        self._began = now()
        self._made = 0
        self._may_have_happened = False

    def judge(self, outcome: Answer | Loss) -> Again | Done[T]:
        """Return the value, or when to ask again.

        Raises:
            Problem: The service refuses.
            Unreachable: No answer, and no tries are left, or another one is not safe.
        """
        self._made += 1
        if isinstance(outcome, Loss):
            return self._after_loss(outcome.reason, was_sent=outcome.was_sent)
        if outcome.status in OK:
            try:
                if self._verb.head:
                    return Done(self._verb.head(outcome.headers))
                value = json.loads(outcome.body) if outcome.body else None
                return Done(self._verb.parse(value))
            except UNFIT:
                return self._after_loss("its answer is not one of Restante", was_sent=True)
        return self._after_refusal(outcome)

    def refused(self, error: Problem) -> Again:
        """Return when to ask again after a refusal that can pass.

        Raises:
            Problem: No tries are left.
        """
        self._made += 1
        if again := self._again(error.retry_after or 0.0):
            return again
        raise error

    def _after_loss(self, reason: str, *, was_sent: bool, least: float = 0.0) -> Again:
        self._may_have_happened |= was_sent
        if (again := self._again(least)) and (self._verb.is_safe or not was_sent):
            return again
        raise Unreachable(reason, may_have_happened=self._may_have_happened)

    def _after_refusal(self, answer: Answer) -> Again:
        try:
            facts = json.loads(answer.body)
        except (ValueError, RecursionError):
            facts = None
        if answer.status in REDIRECTS:
            reason = f"it redirects (HTTP {answer.status}): check the URL of the service"
            raise Unreachable(reason, may_have_happened=self._may_have_happened)
        wait = answer.retry_after
        if not isinstance(facts, dict) or "code" not in facts:
            if answer.status in LOST:
                reason = f"a proxy answered {answer.status}"
                return self._after_loss(reason, was_sent=True, least=wait or 0.0)
            if answer.status in REFUSED:
                facts = {"code": "unknown"}
            else:
                return self._after_loss(f"HTTP status {answer.status}", was_sent=True)
        refusal = problem(facts, status=answer.status, retry_after=wait)
        if answer.status == LIMITED and isinstance(refusal, RateLimited):
            again = self._again(wait or 0.0)
        elif answer.status in LOST and self._verb.is_safe:
            self._may_have_happened = True
            again = self._again(wait or 0.0)
        else:
            again = None
        if again is None:
            raise refusal
        return again

    def _again(self, least: float) -> Again | None:
        """Return the next try, or None if there is none: *least* seconds from now."""
        policy = self._policy
        if self._made >= min(policy.tries, self._verb.tries_most):
            return None
        longest = min(policy.longest_wait, policy.first_wait * 2 ** (self._made - 1))
        wait = max(least, longest * (0.5 + self._chance() / 2))
        if self._now() - self._began + wait > policy.patience:
            return None
        return Again(wait)
