"""Memory under an even load for a long time: what grows with the time a process runs."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench import page, servers
from bench.contenders import OURS, Contender, Row, new_row
from bench.load import Load
from bench.processes import memory_kib

if TYPE_CHECKING:
    from bench.options import Options

RATE, BATCH = 40.0, 90
"""Requests a second, and messages that are made, looked at, read and ended together."""
SHOWN_AT = (0, 5, 15, 30, 60)
"""After so many minutes the memory is written down; 5 is when all code has run once."""


def run(options: Options) -> tuple[str, dict[str, str]]:
    """Load one service for the minutes wanted, each kind of request in turn; return the text."""
    taken: list[tuple[float, dict[str, tuple[int, int]]]] = []
    wanted = sorted({*(at for at in SHOWN_AT if at < options.minutes), options.minutes})
    requests = cut = 0
    with (
        tempfile.TemporaryDirectory() as name,
        Load() as load,
        servers.ours(Path(name), "ours", limits=True) as ours,
    ):
        began = time.monotonic()
        while wanted:
            if (passed := (time.monotonic() - began) / 60) >= wanted[0]:
                wanted.pop(0)
                taken.append((passed, {role: memory_kib(p) for role, p in ours.roles.items()}))
                print(f"{passed:.0f} minutes: {requests:,} requests, {taken[-1][1]}")
            made, was_whole = _turn(ours, load)
            requests += made
            cut += not was_whole
    return _text(taken, requests, cut), {}


def _turn(ours: Contender, load: Load) -> tuple[int, bool]:
    """Take a batch of messages through every kind of request.

    Returns how many requests it were, and whether each was answered as it should be.
    """
    rows: list[Row] = [new_row() for _ in range(BATCH)]
    thirds = [rows[place::3] for place in range(3)]
    done = 0
    for verb in OURS:
        time.sleep(verb.after)
        its = rows if verb.of is None else thirds[verb.of]
        asked = [verb.request(ours.host, row) for row in its]
        answered = load.run(ours.address, asked, rate=RATE, keep=bool(verb.find))
        done += len(asked)
        if set(answered.statuses) != {verb.status}:
            print(f"{verb.name}: statuses {set(answered.statuses)}; on with new messages")
            return done, False
        for row, answer in zip(its, answered.answers, strict=False):
            verb.learn(answer, row)
    return done, True


def _text(taken: list[tuple[float, dict[str, tuple[int, int]]]], requests: int, cut: int) -> str:
    head = ["MiB, proportional", *(f"after {passed:.0f} min" for passed, _ in taken)]
    roles = taken[0][1]
    rows = [[role, *(f"{its[role][1] / 1024:.1f}" for _, its in taken)] for role in roles]
    return (
        f"{requests:,} requests of each kind in turn, about {RATE:.0f} a second, limits on;"
        f" {cut} rounds were cut short by a refusal. The store keeps what was sent, and its"
        f" records; *web* is the master and two web processes.\n\n{page.table(head, rows)}\n"
    )
