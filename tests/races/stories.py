"""Histories written by hand, which the rules of the model allow or forbid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.races.history import Op, lives
from tests.races.promises import Violation, violations
from tests.races.second_thoughts import PAUSED, RESUMED

if TYPE_CHECKING:
    from collections.abc import Callable

LATE = 1e12


class Story:
    """One message's history, written by hand: every operation takes a second after the last."""

    def __init__(self, views: int = 1, links: int = 1, tries: int | None = None) -> None:
        self.ops: list[Op] = []
        self.events: list[dict[str, Any]] = []
        self.time = 100.0
        self.views, self.links = views, links
        given = {"views": views, "links": links, "tries": tries, "text": "first"}
        self.add("send", 201, given=given)
        self.event("message.sent", links=links, views=views)

    def add(self, verb: str, status: int, **facts: Any) -> Op:
        self.time += 1
        if verb in {"reveal", "acknowledge", "preview"}:
            facts.setdefault("link", 0)
        op = Op(verb, 0, self.time, self.time + 0.5, status=status, **facts)
        self.ops.append(op)
        return op

    def event(
        self, kind: str, link: int | None = None, at: str = "", seconds: float = 0, **data: Any
    ) -> Story:
        event = {"n": len(self.events) + 1, "type": kind, "at": at, "seconds": seconds,
                 "link": link, "data": data}  # fmt: skip
        self.events.append(event)
        return self

    def text(self, reader: str, text: str = "first", state: str = "spent", **facts: Any) -> Op:
        told = {"text": text, "state": state, "lease_until": LATE}
        return self.add("reveal", 200, reader=reader, told=told, **facts)

    def gone(self, reader: str, state: str, verb: str = "reveal") -> Op:
        return self.add(verb, 410, reader=reader, told={"state": state})

    def lost(self, verb: str = "reveal", **facts: Any) -> Op:
        return self.add(verb, 503, **facts)

    def wrong(self, reader: str, left: int) -> Op:
        given, told = {"passphrase": "wrong"}, {"tries_left": left}
        return self.add("reveal", 403, reader=reader, given=given, told=told)

    def acknowledge(self, reader: str, status: int = 204, *, keep: bool = True) -> Op:
        return self.add("acknowledge", status, reader=reader, given={"keep": keep})

    def recall(self, outcome: str, reveals: int = 0, at: str = "r") -> Op:
        verdict = {"outcome": outcome, "reveals": reveals, "recalled_at": at}
        return self.add("recall", 200, told={"verdicts": {0: verdict}})

    def replace(self, version: int = 2, outcome: str = "replaced", text: str = "second") -> Op:
        told = {"version": version, "outcomes": {0: outcome}}
        return self.add("replace", 200, given={"text": text}, told=told)

    def status(self, *states: str, verb: str = "status", **facts: Any) -> Op:
        """Look at the message as the events so far make it, but for the states given."""
        links = []
        for number in range(self.links):
            kinds = [e["type"] for e in self.events if e["link"] == number]
            reveals = kinds.count("link.revealed")
            plain = "spent" if reveals == self.views else "read" if reveals else "sealed"
            state = states[number] if number < len(states) else plain
            left = self.views - reveals if state in {"sealed", "read"} else 0
            acknowledged = "a" if "link.acknowledged" in kinds else None
            links.append(
                {"state": state, "views_left": left, "reveals": reveals,
                 "acknowledged_at": acknowledged}
            )  # fmt: skip
        version = 1 + sum(e["type"] == "message.replaced" for e in self.events)
        turns = [e["type"] for e in self.events if e["type"] in {PAUSED, RESUMED}]
        told = {"links": links, "events": list(self.events), "version": version,
                "expires_at": LATE, "is_paused": turns[-1:] == [PAUSED]}  # fmt: skip
        return self.add(verb, 200, told=told | facts)

    def found(self) -> list[Violation]:
        return violations(lives(self.ops))


Bad = tuple[str, str, "Callable[[Story], object]"]
"""The rule that finds what is wrong, words of what it says, and what makes a history wrong."""


def keeper(
    bad: dict[str, Bad],
) -> Callable[[str, str], Callable[[Callable[[Story], object]], object]]:
    """Return a decorator that keeps histories in *bad* by their names."""

    def breaks(rule: str, words: str) -> Callable[[Callable[[Story], object]], object]:
        def keep(tell: Callable[[Story], object]) -> object:
            bad[tell.__name__] = rule, words, tell
            return tell

        return keep

    return breaks
