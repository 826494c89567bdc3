"""What grows with the number of live messages: time, start, idle work, and bytes of store."""

from __future__ import annotations

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import redis

from bench import charts, page, servers
from bench.beside import NAMES, PREVIEW, others
from bench.contenders import Contender, Row, Verb, new_row
from bench.load import Load
from bench.processes import processor_seconds
from bench.rounds import Measured, measure
from restante import wiring
from restante.crypto import keyring
from restante.messages import Draft
from restante.settings import Settings
from restante.store.connection import Connection

if TYPE_CHECKING:
    from bench.options import Options

TEXT = "x" * 200
BATCH, IDLE_SECONDS, REWRITE_SECONDS = 500, 5.0, 60.0
SEND, REVEAL, ACKNOWLEDGE, RECALL = (
    NAMES[name] for name in ("send", "reveal", "acknowledge", "recall")
)
LABELS = ", ".join(f'"recipient {number}"' for number in range(10))
SEND_TO_TEN = Verb(
    "send to ten",
    "POST",
    SEND.path,
    SEND.headers,
    '{"text": "{text}", "recipients": [' + LABELS + "]}",
    status=201,
    find=SEND.find,
)
SHOWN = ("send", "preview", "reveal", "status", "recall")


def run(options: Options) -> tuple[str, dict[str, str]]:
    """Measure at each number of messages, on one growing store; return text and pictures."""
    steps = sorted(options.messages)
    found: dict[str, list[str]] = {}
    times: list[list[float]] = [[] for _ in SHOWN]
    with tempfile.TemporaryDirectory() as name, Load() as load:
        (Path(name) / "bytes").mkdir()
        had, sizes = 0, _bytes(Path(name) / "bytes", load)
        for step in steps:
            with servers.ours(Path(name), "ours", limits=False) as ours:
                fill(ours, Path(name) / "data", step - had)
            with servers.ours(Path(name), "ours", limits=False) as ours:
                # `ours` returns when /readyz answers; the second start is the one that loads.
                figures = {"start until /readyz, s": f"{ours.ready_seconds:.1f}"}
                figures["worker idle, ms of processor a second"] = f"{_idle_ms(ours):.1f}"
                measured = measure(
                    [ours], load, rounds=3, requests=options.requests // 2, tell=lambda _: None
                )
                for place, verb in enumerate(SHOWN):
                    its = measured.of("ours", verb, "web_us").median
                    times[place].append(its)
                    figures[f"{verb}, µs of web and store"] = _time(measured, verb, its)
                figures |= _rewrite(ours, load)
            had = step
            for figure, value in figures.items():
                found.setdefault(figure, []).append(value)
            print(f"{step:,} messages: {figures}")
    across = [f"{step:,}" for step in steps]
    text = (
        "Limits off.\n\n"
        + page.table(["live messages", *across], [[key, *its] for key, its in found.items()])
        + "\n\n![Processor time of the web by number of messages](benchmarks/scale.svg)\n\n"
        + "Bytes that a message takes in the store: the sum of `MEMORY USAGE` over its keys, with"
        " its share of the schedules.\n\n" + page.table(["", "bytes"], sizes) + "\n"
    )
    title = "Processor time of the web processes, µs a request, by live messages"
    return text, {"scale.svg": charts.lines(title, SHOWN, across, times)}


def _time(measured: Measured, verb: str, web: float) -> str:
    return f"{web:,.0f} + {measured.of('ours', verb, 'store_us').median:,.0f}"


def fill(ours: Contender, data: Path, many: int) -> None:
    """Send messages by the core itself; meanwhile the store does not wait for its disk."""
    assert ours.store
    ring = keyring.Keyring.parse((data / "root.keys").read_text("utf-8").strip())
    house = wiring.assemble(Settings(), ring, Connection(wiring.connect(ours.store)))
    with redis.Redis.from_url(ours.store) as client, ThreadPoolExecutor(4) as senders:
        client.config_set("appendfsync", "no")
        for done in range(0, many, 10_000):
            batch = range(min(10_000, many - done))
            list(senders.map(lambda _: house.sending.send(Draft(TEXT)), batch))
        client.config_set("appendfsync", "always")


def _key_bytes(ours: Contender) -> int:
    """Return the bytes of all keys, each with what it holds."""
    assert ours.store
    with redis.Redis.from_url(ours.store) as client:
        asked = client.pipeline(transaction=False)
        for key in client.scan_iter(count=1_000):
            asked.memory_usage(key, samples=0)
        return sum(size or 0 for size in asked.execute())


def _idle_ms(ours: Contender) -> float:
    before = processor_seconds(ours.roles["worker"])
    time.sleep(IDLE_SECONDS)
    return (processor_seconds(ours.roles["worker"]) - before) / IDLE_SECONDS * 1000


def _ask(ours: Contender, load: Load, verb: Verb, rows: list[Row]) -> None:
    asked = [verb.request(ours.host, row) for row in rows]
    run = load.run(ours.address, asked, keep=bool(verb.find))
    assert set(run.statuses) == {verb.status}, set(run.statuses)
    for row, answer in zip(rows, run.answers, strict=False):
        verb.learn(answer, row)


def _bytes(folder: Path, load: Load) -> list[list[str]]:
    """Return the bytes of messages in each state, of a store that has nothing else."""
    with servers.ours(folder, "ours", limits=False) as ours:

        def grown(*verbs: Verb) -> str:
            before, rows = _key_bytes(ours), [new_row() for _ in range(BATCH)]
            for verb in verbs:
                _ask(ours, load, verb, rows)
            return f"{(_key_bytes(ours) - before) / BATCH:,.0f}"

        return [
            ["one link, 200 bytes of text", grown(SEND)],
            ["ten labelled recipients", grown(SEND_TO_TEN)],
            ["one link, looked at once", grown(SEND, PREVIEW)],
            ["read and acknowledged", grown(SEND, REVEAL, ACKNOWLEDGE)],
            ["recalled", grown(SEND, RECALL)],
        ]


def _rewrite(ours: Contender, load: Load) -> dict[str, str]:
    """Return the p99 of reveals at an even pace, before and while the file is rewritten."""
    assert ours.store

    def paced() -> float:
        rows = [new_row() for _ in range(400)]
        _ask(ours, load, SEND, rows)
        return others(ours, load, rows, REVEAL)

    before = paced()
    with redis.Redis.from_url(ours.store) as client:
        rows = [new_row() for _ in range(400)]
        _ask(ours, load, SEND, rows)
        client.bgrewriteaof()
        during = others(ours, load, rows, REVEAL)
        deadline = time.monotonic() + REWRITE_SECONDS
        while client.info("persistence")["aof_rewrite_in_progress"] and time.monotonic() < deadline:
            time.sleep(0.1)
        took = client.info("persistence")["aof_last_rewrite_time_sec"]
    return {
        "reveal p99, ms": f"{before:.1f}",
        "reveal p99 during a rewrite, ms": f"{during:.1f}",
        "rewrite, s": f"{took}",
    }
