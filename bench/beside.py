"""What others notice while somebody is slow, busy or guesses; and the memory of the processes."""

from __future__ import annotations

import base64
import secrets
import socket
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from bench import page, servers
from bench.contenders import OURS, Contender, Row, Verb, new_row
from bench.load import Load
from bench.processes import memory_kib, processor_seconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.options import Options

RATE, SECONDS, TURNS = 100.0, 3.0, 3
"""The others: so many previews a second, for so long, at even distances."""
STALLED = 300
ARGON2_AT_ONCE, ARGON2_SENDS = 8, 350
GARBAGE_A_SECOND = 100_000 / 60
NAMES = {verb.name: verb for verb in OURS}
SEND, PREVIEW = NAMES["send"], NAMES["preview"]
LOCKED = Verb(
    "send with a passphrase",
    "POST",
    SEND.path,
    SEND.headers,
    '{"text": "{text}", "passphrase": "a passphrase"}',
    status=201,
)


def run(options: Options) -> tuple[str, dict[str, str]]:
    """Measure the others' waiting, and the memory before and after; return the part's text."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        load, second = stack.enter_context(Load()), stack.enter_context(Load())
        ours = stack.enter_context(servers.ours(Path(name), "ours", limits=True))
        at_rest = {role: memory_kib(pids) for role, pids in ours.roles.items()}
        rows = _sent(ours, load, options.requests)
        scenes: dict[str, Callable[[], float]] = {
            f"{STALLED} stalled connections": lambda: _stalled(ours, load, rows),
            f"{ARGON2_AT_ONCE} passphrases at once": lambda: _argon2(ours, load, second, rows),
            "100,000 garbage tokens a minute": lambda: _garbage(ours, load, second, rows),
        }
        turns_wanted = 1 if options.quick else TURNS
        lines = []
        for scene, measure in scenes.items():
            turns = [(others(ours, load, rows), measure()) for _ in range(turns_wanted)]
            alone, beside = (statistics.median(times) for times in zip(*turns, strict=True))
            print(f"{scene}: p99 {alone:.1f} ms alone, {beside:.1f} ms beside")
            lines.append([scene, f"{alone:.1f}", f"{beside:.1f}", f"{beside / alone:.1f}"])
        garbage = _garbage_us(ours, load)
        after = {role: memory_kib(pids) for role, pids in ours.roles.items()}
    text = (
        f"{RATE:.0f} previews a second, {SECONDS:.0f} seconds each time, limits on; medians of"
        f" {turns_wanted} turns. A garbage token costs the web {garbage:,.0f} µs of processor"
        " time.\n\n"
        + page.table(["", "p99 alone, ms", "beside, ms", "times"], lines)
        + "\n\nMemory in MiB, resident and (shared pages divided) proportional; *web* is the master"
        " and two web processes.\n\n"
        + page.table(
            ["", "at rest", "proportional", "after this load", "proportional"],
            [[role, *_mib(at_rest[role]), *_mib(after[role])] for role in at_rest],
        )
        + "\n"
    )
    return text, {}


def _mib(its: tuple[int, int]) -> list[str]:
    return [f"{kib / 1024:.0f}" for kib in its]


def _sent(ours: Contender, load: Load, many: int) -> list[Row]:
    rows = [new_row() for _ in range(many)]
    answers = load.run(ours.address, [SEND.request(ours.host, row) for row in rows], keep=True)
    for row, answer in zip(rows, answers.answers, strict=True):
        SEND.learn(answer, row)
    return rows


def others(ours: Contender, load: Load, rows: list[Row], verb: Verb = PREVIEW) -> float:
    """Return the p99 of one kind of request at an even pace, in ms."""
    asked = [
        verb.request(ours.host, rows[number % len(rows)]) for number in range(int(RATE * SECONDS))
    ]
    run = load.run(ours.address, asked, rate=RATE)
    assert set(run.statuses) == {verb.status}, set(run.statuses)
    return run.share_ms(0.99)


def _stalled(ours: Contender, load: Load, rows: list[Row]) -> float:
    lines = [socket.create_connection(ours.address) for _ in range(STALLED)]
    for line in lines:
        line.sendall(b"GET /api/v1/link HTTP/1.1\r\nHost: ")
    try:
        return others(ours, load, rows)
    finally:
        for line in lines:
            line.close()


def _beside(work: Callable[[], object], measure: Callable[[], float]) -> float:
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(work)
        time.sleep(0.3)
        found = measure()
        assert not working.done(), "the work ended before the others were measured"
        working.result()
    return found


def _argon2(ours: Contender, load: Load, second: Load, rows: list[Row]) -> float:
    sends = [LOCKED.request(ours.host, new_row()) for _ in range(ARGON2_SENDS)]
    return _beside(
        lambda: second.run(ours.address, sends, connections=ARGON2_AT_ONCE),
        lambda: others(ours, load, rows),
    )


def _garbage_requests(ours: Contender, many: int) -> list[bytes]:
    def token() -> str:
        return "M" + base64.urlsafe_b64encode(b"\1" + secrets.token_bytes(24)).decode()[:34]

    return [PREVIEW.request(ours.host, {"link": token()}) for _ in range(many)]


def _garbage(ours: Contender, load: Load, second: Load, rows: list[Row]) -> float:
    asked = _garbage_requests(ours, int(GARBAGE_A_SECOND * (SECONDS + 1)))
    return _beside(
        lambda: second.run(ours.address, asked, rate=GARBAGE_A_SECOND),
        lambda: others(ours, load, rows),
    )


def _garbage_us(ours: Contender, load: Load) -> float:
    asked = _garbage_requests(ours, 1_000)
    before = processor_seconds(ours.roles["web"])
    run = load.run(ours.address, asked)
    assert set(run.statuses) == {404}, set(run.statuses)
    return (processor_seconds(ours.roles["web"]) - before) / len(asked) * 1e6
