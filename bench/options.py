"""What the command line of `make bench` asks for."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

PARTS = ("speed", "profile", "beside", "scale", "verbs")
"""What is measured by default, in the order of docs/benchmarks.md."""
LONG = ("files", "hour", "wrk")
"""What is only measured if it is named."""
FULL, QUICK = (9, 600), (3, 200)
"""Rounds, and requests of each kind in a round."""


@dataclass(frozen=True)
class Options:
    """What to measure, and how long."""

    parts: tuple[str, ...]
    rounds: int
    requests: int
    peers: tuple[Path, ...]
    messages: tuple[int, ...]
    minutes: int
    quick: bool
    writes: bool


def read(arguments: list[str] | None = None) -> Options:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds; writes no file")
    parser.add_argument("--rounds", type=int, help=f"default {FULL[0]}, quick {QUICK[0]}")
    parser.add_argument(
        "--requests", type=int, help=f"of a kind in a round; default {FULL[1]}, quick {QUICK[1]}"
    )
    parser.add_argument(
        "--only",
        default=",".join(PARTS),
        help="parts, with commas: %(default)s; or files, hour, wrk",
    )
    parser.add_argument(
        "--peer", type=Path, action="append", default=[], help="an adapter: docs/benchmarks.md"
    )
    parser.add_argument(
        "--messages", default="1000,100000", help="of the part scale, with commas: %(default)s"
    )
    parser.add_argument("--minutes", type=int, default=60, help="of the part hour: %(default)s")
    parser.add_argument("--no-write", action="store_true", help="only print")
    said = parser.parse_args(arguments)
    parts = tuple(said.only.split(","))
    if unknown := set(parts) - {*PARTS, *LONG}:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    rounds, requests = QUICK if said.quick else FULL
    return Options(
        parts=parts,
        rounds=said.rounds or rounds,
        requests=said.requests or requests,
        peers=tuple(said.peer),
        messages=tuple(int(many) for many in said.messages.split(",")),
        minutes=said.minutes,
        quick=said.quick,
        writes=not (said.quick or said.no_write),
    )
