"""What happens to each message of a round, made from the seed and the message's number alone."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

TRIES = 3
"""RESTANTE_PASSPHRASE_TRIES of the service."""
RIGHT, WRONG = "orange boat", "green boat"
SHORT, LONG = 1, 600
PAUSED, RULED, FORGOTTEN = 0.3, 0.25, 0.1
"""How many messages each happens to."""

Step = tuple[float, str, dict[str, Any]]
"""How long to wait, what to do, and with what."""


@dataclass(frozen=True)
class Plan:
    """What happens to one message: who comes, what each does, after which pauses."""

    views: int
    links: int
    passphrase: bool
    people: list[list[Step]]

    @classmethod
    def of(cls, seed: int, number: int) -> Plan:
        chance = random.Random(f"{seed}/message/{number}")
        views, links = chance.choice([1, 1, 1, 2, 3]), chance.choice([1, 1, 2])
        passphrase = chance.random() < 0.1
        people = [
            _reader(chance, reader, chance.randrange(links))
            for reader in range(chance.randint(1, links * views + 2))
        ]
        people.append(_sender(chance, links, passphrase=passphrase))
        people.append(_looker(chance, links))
        # Drawn apart, so that who else comes does not depend on it.
        thoughts = random.Random(f"{seed}/thoughts/{number}")
        if thoughts.random() < RULED:
            people = [[_about(SHORT, thoughts), *steps] for steps in people]
            people.append(_rule(thoughts, links))
        people += _second_thoughts(thoughts)
        if passphrase:
            people.append([
                (_pause(chance), "reveal", {"link": 0, "reader": f"guesser {n}", "wrong": True})
                for n in range(chance.randint(1, TRIES))
            ])  # fmt: skip
        return cls(views, links, passphrase, people)


def _pause(chance: random.Random) -> float:
    return chance.choice([0.0, 0.0, chance.random() * 0.4, chance.random() * 1.5])


def _reader(chance: random.Random, number: int, link: int) -> list[Step]:
    who = {"link": link, "reader": f"reader {number}"}
    steps: list[Step] = [(_pause(chance), "reveal", who)]
    for _ in range(chance.randint(0, 3)):
        verb = chance.choice(["reveal", "acknowledge"])
        more = {"keep": chance.random() < 0.5} if verb == "acknowledge" else {}
        steps.append((_pause(chance), verb, who | more))
    return steps


def _sender(chance: random.Random, links: int, *, passphrase: bool) -> list[Step]:
    steps: list[Step] = []
    for _ in range(chance.randint(1, 5)):
        verb = chance.choice(["recall", "replace", "extend", "status", "status"])
        given: dict[str, Any] = {}
        if verb == "recall":
            given["links"] = chance.choice([None, [chance.randrange(links)]])
        elif verb == "extend":
            given["expires_in"] = chance.choice([SHORT, LONG, LONG, LONG])
        elif verb == "replace" and passphrase:
            verb = "status"
        steps.append((_pause(chance), verb, given))
    return steps


def _looker(chance: random.Random, links: int) -> list[Step]:
    return [
        (_pause(chance), chance.choice(["status", "preview"]), {"link": chance.randrange(links)})
        for _ in range(chance.randint(1, 4))
    ]


def _rule(chance: random.Random, links: int) -> list[Step]:
    """Set a rule, and look around its time."""
    kind = chance.choice(["tell_unread_after", "recall_unread_after"])
    steps: list[Step] = [(0.0, "rule", {kind: SHORT}), _about(SHORT, chance)]
    steps += [
        (chance.random() * 0.2, verb, {"link": chance.randrange(links)})
        for verb in ("preview", "status", "preview", "status")
    ]
    return steps


def _about(seconds: float, chance: random.Random) -> Step:
    return (seconds + chance.uniform(-0.1, 0.5), "status", {})


def _second_thoughts(chance: random.Random) -> list[list[Step]]:
    """Return who pauses and resumes the message, or has it forgotten."""
    people: list[list[Step]] = []
    if chance.random() < PAUSED:
        verbs = ["pause", "resume"] * chance.randint(1, 2)
        people.append([(_pause(chance), verb, {}) for verb in verbs[: chance.randint(1, 4)]])
    if chance.random() < FORGOTTEN:
        people.append([(0.5 + _pause(chance), "forget", {})])
    return people
