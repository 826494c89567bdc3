"""Measures every contender in one run: round after round, one kind of request after the other.

The rounds are interleaved, so that what else the machine does falls on all of them alike; every
second round goes through the contenders backwards.
"""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import redis

from bench.contenders import Contender, Row, Verb, new_row
from bench.processes import processor_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bench.load import Load

THIRDS = 3


@dataclass(frozen=True)
class Figures:
    """What one kind of request cost in one round, for each request.

    Attributes:
        web_us, store_us, worker_us: Processor time of these processes.
        trips: Reads by the store from its clients; nan if it is not ours to ask.
    """

    web_us: float
    store_us: float
    worker_us: float
    a_second: float
    p50_ms: float
    p99_ms: float
    trips: float
    sent_bytes: float
    read_bytes: float


@dataclass(frozen=True)
class Spread:
    """The median of some figures, and the quarter below and above it."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        if len(values) == 1:
            return cls(values[0], values[0], values[0])
        low, median, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(median, low, high)


class Measured:
    """The figures of all rounds, by contender and kind of request."""

    def __init__(self) -> None:
        self._rounds: defaultdict[tuple[str, str], list[Figures]] = defaultdict(list)

    def add(self, contender: str, verb: str, figures: Figures) -> None:
        self._rounds[contender, verb].append(figures)

    def has(self, contender: str, verb: str) -> bool:
        return (contender, verb) in self._rounds

    def of(self, contender: str, verb: str, figure: str) -> Spread:
        """Return median and spread of one figure."""
        return Spread.of([getattr(one, figure) for one in self._rounds[contender, verb]])

    def trips(self, contender: str, verb: str) -> int:
        """Return the round trips to the store for each request; -1 if nobody counted."""
        found = self.of(contender, verb, "trips").median
        return -1 if found != found else round(found)  # noqa: PLR0124 (nan)


class Messages:
    """The messages that one contender has in one round."""

    def __init__(self, many: int) -> None:
        self.rows: list[Row] = [new_row() for _ in range(many * THIRDS)]
        self._many = many
        self._ended: dict[int, float] = {}

    def of(self, verb: Verb) -> list[Row]:
        if verb.of is None:
            return self.rows
        time.sleep(max(0.0, self._ended.get(verb.of, 0.0) + verb.after - time.perf_counter()))
        return self.rows[verb.of * self._many : (verb.of + 1) * self._many]

    def note(self, verb: Verb) -> None:
        if verb.of is not None:
            self._ended[verb.of] = time.perf_counter()


def measure(
    contenders: Sequence[Contender],
    load: Load,
    *,
    rounds: int,
    requests: int,
    tell: Callable[[str], None],
) -> Measured:
    """Measure all *contenders*, after a short round that warms them up and is thrown away."""
    measured = Measured()
    for number in range(rounds + 1):
        began = time.perf_counter()
        many = requests if number else max(requests // 5, 20)
        messages = {contender.name: Messages(many) for contender in contenders}
        for contender, verb in _turns(contenders, backwards=bool(number % 2)):
            figures = one(contender, verb, messages[contender.name], load)
            if number:
                measured.add(contender.name, verb.name, figures)
        tell(f"round {number} of {rounds}: {time.perf_counter() - began:.0f} s")
    return measured


def _turns(contenders: Sequence[Contender], *, backwards: bool) -> Iterator[tuple[Contender, Verb]]:
    for place in range(max(len(contender.verbs) for contender in contenders)):
        for contender in reversed(contenders) if backwards else contenders:
            if place < len(contender.verbs):
                yield contender, contender.verbs[place]


def one(contender: Contender, verb: Verb, messages: Messages, load: Load) -> Figures:
    """Send one kind of request about all its messages, and say what it cost."""
    rows = messages.of(verb)
    requests = [verb.request(contender.host, row) for row in rows]
    reads = _reads(contender.store)
    before = {role: processor_seconds(pids) for role, pids in contender.roles.items()}
    run = load.run(contender.address, requests, keep=bool(verb.find))
    used = {
        role: (processor_seconds(pids) - before[role]) / len(rows) * 1e6
        for role, pids in contender.roles.items()
    }
    trips = (_reads(contender.store) - reads - 1) / len(rows)
    messages.note(verb)
    if wrong := [status for status in run.statuses if status != verb.status]:
        message = f"{contender.name}, {verb.name}: {len(wrong)} answers with {wrong[0]}"
        raise SystemExit(message)
    for row, answer in zip(rows, run.answers, strict=False):
        verb.learn(answer, row)
    return Figures(
        web_us=used["web"],
        store_us=used.get("store", float("nan")),
        worker_us=used.get("worker", float("nan")),
        a_second=len(rows) / run.seconds,
        p50_ms=run.share_ms(0.5),
        p99_ms=run.share_ms(0.99),
        trips=trips,
        sent_bytes=run.sent_bytes / len(rows),
        read_bytes=run.read_bytes / len(rows),
    )


def _reads(store: str | None) -> float:
    """Return how often the store read from its clients: once a round trip, and for this."""
    if store is None:
        return float("nan")
    info: dict[str, int] = _client(store).info("stats")
    return float(info["total_reads_processed"])


@cache
def _client(store: str) -> redis.Redis:
    return redis.Redis.from_url(store)
