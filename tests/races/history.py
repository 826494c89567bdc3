"""What clients asked and were told, with the time window of each operation."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

NO_ANSWER = 0
IN_DOUBT = {NO_ANSWER, 502, 503, 504}
"""An operation that ended so may have happened, may still happen, or may never."""
DONE = {200, 201, 204}
FINAL = {"spent", "recalled", "expired", "locked"}
SHORT_SECONDS = 60
"""An expiry that comes sooner may end a lease."""
BASE = time.time() - time.monotonic()


def now() -> float:
    """Return the time in seconds since 1970, on a clock that nobody sets meanwhile."""
    return BASE + time.monotonic()


@dataclass(slots=True)
class Op:
    """One operation of one client on one message.

    Attributes:
        at: When it was sent, in seconds; `end` is when its answer was there.
        link: Which of the message's links, from 0.
        reader: Who reveals or acknowledges; stands for one key for idempotency.
        given: What was asked for.
        told: What was answered, links by their number.
    """

    verb: str
    message: int
    at: float
    end: float = math.inf
    link: int | None = None
    reader: str | None = None
    given: dict[str, Any] = field(default_factory=dict)
    status: int = NO_ANSWER
    told: dict[str, Any] = field(default_factory=dict)

    @property
    def is_sure(self) -> bool:
        return self.status in DONE

    @property
    def is_doubtful(self) -> bool:
        return self.status in IN_DOUBT

    def touches(self, link: int) -> bool:
        """Tell whether a recall was about this link."""
        links = self.given.get("links")
        return links is None or link in links

    @property
    def is_sealing(self) -> bool:
        """Tell whether it may end leases: a recall, or an expiry that comes soon."""
        short = self.verb == "extend" and self.given.get("expires_in", 0) < SHORT_SECONDS
        return short or self.verb == "recall"

    def line(self, since: float) -> str:
        """Return it as a line for people."""
        end = "     …" if math.isinf(self.end) else f"{self.end - since:8.3f}"
        who = "" if self.link is None else f" link {self.link}"
        who += f" by {self.reader}" if self.reader else ""
        given = " ".join(f"{k}={v}" for k, v in self.given.items())
        told = {k: v for k, v in self.told.items() if k not in {"events", "links"}}
        if "events" in self.told:
            told["states"] = [link["state"] for link in self.told["links"]]
            told["events"] = [
                f"{e['type']}@{e['link']} {e['data']}".strip() for e in self.told["events"]
            ]
        window = f"{self.at - since:8.3f} → {end}"
        return f"{window}  {self.verb}{who} {given} ⇒ {self.status or '-'} {told}"


class History:
    """Everything that a round's clients did; threads may add."""

    def __init__(self) -> None:
        self._ops: list[Op] = []
        self._lock = threading.Lock()

    def begin(self, verb: str, message: int, **facts: Any) -> Op:
        op = Op(verb, message, now(), **facts)
        with self._lock:
            self._ops.append(op)
        return op

    @property
    def ops(self) -> list[Op]:
        with self._lock:
            return list(self._ops)

    def counts(self) -> Counter[str]:
        """Count operations by verb and answer."""
        return Counter(f"{op.verb} {op.status or 'no answer'}" for op in self.ops)

    def lives(self) -> list[Life]:
        """Return what happened to each message whose sender knows that it was sent."""
        return lives(self.ops)


def lives(ops: Iterable[Op]) -> list[Life]:
    """Return the operations of each message, of those that were answered 201."""
    found: dict[int, list[Op]] = {}
    for op in ops:
        found.setdefault(op.message, []).append(op)
    return [
        Life(number, sorted(of, key=lambda op: op.at))
        for number, of in sorted(found.items())
        if any(op.verb == "send" and op.is_sure for op in of)
    ]


@dataclass
class Life:
    """One message: its operations in the order in which they began."""

    number: int
    ops: Sequence[Op]

    @cached_property
    def sent(self) -> Op:
        return next(op for op in self.ops if op.verb == "send" and op.is_sure)

    @property
    def views(self) -> int:
        return int(self.sent.given["views"])

    @property
    def links(self) -> range:
        return range(self.sent.given["links"])

    def of(self, verb: str, link: int | None = None) -> list[Op]:
        """Return the operations of a kind; of one link, if it is given."""
        return [op for op in self.ops if op.verb == verb and link in {None, op.link}]

    @cached_property
    def texts(self) -> list[list[Op]]:
        """The reveals of each link that were answered with the text."""
        return [[op for op in self.of("reveal", link) if op.is_sure] for link in self.links]

    @cached_property
    def observations(self) -> list[Op]:
        """The answers that show the whole message."""
        return [op for op in self.ops if op.is_sure and "events" in op.told]

    @cached_property
    def longest(self) -> Op | None:
        """The observation with the most events, the latest of them."""
        found = self.observations
        return max(found, key=lambda op: (len(op.told["events"]), op.at)) if found else None

    def show(self) -> str:
        """Return the history of this message, a line each."""
        return "\n".join(op.line(self.ops[0].at) for op in self.ops)


def states_told(op: Op) -> dict[int, str]:
    """Return the state of each link that an answer tells of."""
    told = op.told
    if op.is_sure and "events" in told:
        return {number: link["state"] for number, link in enumerate(told["links"])}
    if op.verb in {"reveal", "preview"} and op.link is not None and "state" in told:
        return {op.link: told["state"]}
    if op.verb == "recall" and op.is_sure:
        return {
            link: verdict["outcome"].removeprefix("already_").partition("_")[0]
            for link, verdict in told["verdicts"].items()
        }
    if op.verb == "replace" and op.is_sure:
        return {
            link: outcome.removeprefix("already_")
            for link, outcome in told["outcomes"].items()
            if outcome != "replaced"
        }
    return {}
