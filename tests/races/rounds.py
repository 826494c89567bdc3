"""A round: people use the service, faults befall it, and the history is checked.

The seed decides who does what and which fault comes next.  When each thing happens is the
machine's affair, so a seed repeats the plan and not the interleaving.
"""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tests.races.history import History
from tests.races.people import People
from tests.races.promises import Violation, violations
from tests.races.web import Web
from tests.support.processes import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.races.history import Life

MESSAGES_AT_ONCE = 6
LOOK_SECONDS = 0.05
AUDIT_SECONDS = 60.0
SHOWN, LAST = 3, 40
"""Messages whose histories are printed; operations of one that nobody could look at."""


class Store(Protocol):
    """What a round needs of a store."""

    @property
    def env(self) -> dict[str, str]: ...

    @property
    def faults(self) -> dict[str, Callable[[random.Random], None]]: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def await_well(self) -> None: ...

    def look(self) -> None: ...


@dataclass
class Result:
    """What a round counted and found."""

    seed: int
    seconds: float
    messages: int
    operations: Counter[str]
    faults: Counter[str]
    violations: list[Violation]
    unanswered: list[Life]
    """What happened to messages that could not be looked at when all was well again."""

    def report(self) -> str:
        """Return the counts, and the histories of some messages for which a rule is broken."""
        done, befell = sum(self.operations.values()), sum(self.faults.values())
        told = f"seed {self.seed}, {self.seconds:.0f} s, {self.messages} messages, "
        told += f"{done} operations, {befell} faults, {len(self.violations)} violations"
        lines = [
            told,
            *(f"  {many:7} {what}" for what, many in sorted(self.operations.items())),
            *(f"  {many:7} {what}" for what, many in sorted(self.faults.items())),
        ]
        if self.unanswered:
            lines.append(f"  {len(self.unanswered)} messages could not be looked at in the end")
        for life in self.unanswered[:SHOWN]:
            lines += ["", f"message {life.number}, its last operations:"]
            lines += life.show().splitlines()[-LAST:]
        lives = {found.life.number: found.life for found in self.violations}
        for number, life in list(lives.items())[:SHOWN]:
            broken = [v for v in self.violations if v.life.number == number]
            lines += ["", *dict.fromkeys(f"message {number}: {v.rule}: {v.what}" for v in broken)]
            lines.append(life.show())
        return "\n".join(lines)


class Round:
    """One service over one store for some time."""

    def __init__(self, store: Store, folder: Path, seed: int, tree: Path = ROOT) -> None:
        self._store, self._folder, self._tree = store, folder, tree
        self.seed = seed
        self.history = History()
        self._faults: Counter[str] = Counter()
        self._numbers = itertools.count(1)
        self._unanswered: list[int] = []

    def run(
        self, seconds: float, first: Sequence[str] = (), *, until_broken: bool = False
    ) -> Result:
        """Run for so long, the faults named in *first* before others; return what was found.

        With *until_broken* it ends as soon as it has found something.
        """
        began = time.monotonic()
        try:
            self._store.start()
            with Web(self._folder, self._store.env, self._tree) as web:
                people = People(web.url, self.history, self.seed)
                self._use(people, web, seconds, first, until_broken=until_broken)
                self._audit(people, until_broken=until_broken)
        finally:
            self._store.stop()
        found = self.history.lives()
        return Result(
            self.seed, time.monotonic() - began, len(found), self.history.counts(),
            self._faults, violations(found),
            [life for life in found if life.number in self._unanswered],
        )  # fmt: skip

    def _use(
        self, people: People, web: Web, seconds: float, first: Sequence[str], *, until_broken: bool
    ) -> None:
        threads = [
            threading.Thread(target=self._live, args=(people,), daemon=True)
            for _ in range(MESSAGES_AT_ONCE)
        ]
        threads.append(threading.Thread(target=self._look, args=(people,), daemon=True))
        for thread in threads:
            thread.start()
        try:
            self._befall(web, time.monotonic() + seconds, first, until_broken=until_broken)
        finally:
            people.is_over.set()
            for thread in threads:
                thread.join(60)

    def _live(self, people: People) -> None:
        while not people.is_over.is_set():
            people.live(next(self._numbers))

    def _look(self, people: People) -> None:
        while not people.is_over.wait(LOOK_SECONDS):
            self._store.look()

    def _is_broken(self) -> bool:
        return bool(violations(self.history.lives()))

    def _befall(self, web: Web, until: float, first: Sequence[str], *, until_broken: bool) -> None:
        """Bring one fault after the other, as the seed has them."""
        chance = random.Random(f"{self.seed}/faults")
        faults = self._store.faults | {
            "kill a serving process": web.kill_serving_process,
            "kill the web": lambda _: web.kill_web(),
            "kill the worker": lambda _: web.kill_worker(),
        }
        names = itertools.chain(first, iter(lambda: chance.choice(sorted(faults)), None))
        time.sleep(0.5)
        for number, name in enumerate(names):
            if time.monotonic() >= until or (until_broken and self._is_broken()):
                return
            faults[name](random.Random(f"{self.seed}/fault/{number}"))
            self._faults[name] += 1
            time.sleep(chance.random())

    def _audit(self, people: People, *, until_broken: bool) -> None:
        """When all is well again, look at every message, and try to open it."""
        self._store.await_well()
        if until_broken and self._is_broken():
            return
        people.is_over.clear()

        def audit(number: int) -> bool:
            # Its own time: on a busy machine the others take theirs.
            deadline = time.monotonic() + AUDIT_SECONDS
            attempts = itertools.count(1)
            while not people.visit(people.messages[number], f"auditor {next(attempts)}", most=8):
                if time.monotonic() > deadline:
                    return False
            return True

        with ThreadPoolExecutor(MESSAGES_AT_ONCE) as pool:
            seen = list(pool.map(audit, range(len(people.messages))))
        self._unanswered = [
            message.number
            for message, was_seen in zip(people.messages, seen, strict=True)
            if not was_seen
        ]
