"""Ours, the floors, SnapPass and peers, side by side in one run."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bench import charts, page, rounds, servers
from bench.contenders import OURS, Contender, peer
from bench.floor import BY_TRIPS, SCRIPTS
from bench.load import Load
from bench.processes import tree

if TYPE_CHECKING:
    from bench.options import Options
    from bench.rounds import Measured, Spread

OFF, ON, SNAPPASS = "ours, limits off", "ours, limits on", "SnapPass"
PAGES = {"preview": "gate page", "reveal": "page reveal"}
"""What a service without an API is asked instead."""
NAMES = [verb.name for verb in OURS]


def run(options: Options) -> tuple[str, dict[str, str]]:
    """Measure; return the part's text and its pictures by name."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        contenders = start(Path(folder), options, stack)
        measured = rounds.measure(
            contenders,
            stack.enter_context(Load()),
            rounds=options.rounds,
            requests=options.requests,
            tell=print,
        )
    others = [one.name for one in contenders if one.verbs is not OURS and _is_other(one.name)]
    return text(measured, others, options), {"speed.svg": picture(measured, others)}


def _is_other(name: str) -> bool:
    return not name.startswith("floor: ")


def start(folder: Path, options: Options, stack: ExitStack) -> list[Contender]:
    """Start everything that is compared; the stack ends it."""

    def place(name: str) -> Path:
        (folder / name).mkdir()
        return folder / name

    found = [
        stack.enter_context(servers.ours(place("off"), OFF, limits=False)),
        stack.enter_context(servers.ours(place("on"), ON, limits=True)),
    ]
    floors = place("floors")
    its = stack.enter_context(servers.store(floors / "store"))
    found += [stack.enter_context(servers.floor(floors, kind, its)) for kind in SCRIPTS]
    if python := servers.snappass_python():
        snappass = place("snappass")
        its = stack.enter_context(servers.store(snappass / "store"))
        found.append(stack.enter_context(servers.snappass(python, snappass, its)))
    else:
        print("SnapPass cannot be installed here: it is left out")
    return found + [_peer(file) for file in options.peers]


def _peer(file: Path) -> Contender:
    said = peer(file)
    parts = urlsplit(said["url"])
    address = (parts.hostname or "127.0.0.1", parts.port or 80)
    web = tree(said["pid"]) if said.get("pid") else []
    return Contender(said["name"], address, said["verbs"], {"web": web}, said.get("store"))


def floor_of(measured: Measured, contender: str, verb: str) -> str | None:
    """Return the floor that makes as many round trips as this request."""
    kind = BY_TRIPS.get(measured.trips(contender, verb))
    return f"floor: {kind}" if kind else None


def ratio(measured: Measured, contender: str, verb: str, figure: str) -> float:
    """Return how near a request comes to its floor, 1 being as good; nan without a floor."""
    floor = floor_of(measured, contender, verb)
    if floor is None:
        return float("nan")
    its = measured.of(contender, verb, figure).median
    least = measured.of(floor, "floor", figure).median
    return its / least if figure == "a_second" else least / its


def spread(its: Spread) -> str:
    """Return a median with the quarters around it."""
    return f"{its.median:,.0f} ({its.low:,.0f}–{its.high:,.0f})"


def text(measured: Measured, others: list[str], options: Options) -> str:
    """Return the part of docs/benchmarks.md."""
    verbs = [name for name in NAMES if measured.has(OFF, name)]

    def theirs(verb: str, figure: str) -> list[str]:
        cells = []
        for other in others:
            same = verb if measured.has(other, verb) else PAGES.get(verb, "")
            found = measured.has(other, same)
            cells.append(spread(measured.of(other, same, figure)) if found else "")
        return cells

    def compared(figure: str) -> str:
        head = ["", "limits off", "of its floor", "limits on", "of its floor", *others]
        rows = []
        for verb in verbs:
            row = [verb]
            for ours in (OFF, ON):
                row += [spread(measured.of(ours, verb, figure))]
                row += [f"{ratio(measured, ours, verb, figure):.2f}"]
            rows.append([*row, *theirs(verb, figure)])
        floors = [
            [
                f"floor: {kind}, {measured.trips(f'floor: {kind}', 'floor')} round trips",
                spread(measured.of(f"floor: {kind}", "floor", figure)),
                *[""] * (3 + len(others)),
            ]
            for kind in SCRIPTS
        ]
        return page.table(head, rows + floors)

    def cost(verb: str, ours: str) -> list[str]:
        def median(figure: str) -> float:
            return measured.of(ours, verb, figure).median

        return [
            f"{verb}, {ours.partition(', ')[2]}",
            f"{measured.trips(ours, verb)}",
            f"{median('store_us'):,.0f}",
            f"{median('worker_us'):,.0f}",
            f"{median('sent_bytes'):,.0f}",
            f"{median('read_bytes'):,.0f}",
            f"{median('p50_ms'):.1f}",
            f"{median('p99_ms'):.1f}",
        ]

    head = ["", "round trips", "store µs", "worker µs", "bytes in", "out", "p50 ms", "p99 ms"]
    costs = page.table(head, [cost(verb, ours) for verb in verbs for ours in (OFF, ON)])
    return f"""\
{options.rounds} rounds of {options.requests} requests of each kind (send: three times as many), 16
connections, two web processes each, texts of 200 bytes, `appendfsync always`: the median, and in
brackets the quarters around it. *Of its floor* compares with the floor that makes as many round
trips to the store: 1.00 would be as good. SnapPass has no API to read by: beside preview and reveal
stand its pages.

### Processor time of the web processes, µs a request

{compared("web_us")}

![Processor time of each kind of request](benchmarks/speed.svg)

### Requests a second

{compared("a_second")}

### What else a request costs

{costs}
"""


def picture(measured: Measured, others: list[str]) -> str:
    """Return the plot of the processor time."""
    legend = [OFF, ON, "floor, limits off", *others]
    groups = []
    for verb in NAMES:
        group = [
            charts.Bar(number, measured.of(ours, verb, "web_us"))
            for number, ours in enumerate((OFF, ON))
        ]
        if floor := floor_of(measured, OFF, verb):
            group.append(charts.Bar(2, measured.of(floor, "floor", "web_us")))
        group += [
            charts.Bar(3 + number, measured.of(other, verb, "web_us"))
            for number, other in enumerate(others)
            if measured.has(other, verb)
        ]
        groups.append((verb, group))
    return charts.bars("Processor time of the web processes, µs a request", legend, groups)
