"""Where the time of a request goes, by part of the code: samples of the real web processes."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from bench import page, sampling, servers
from bench.contenders import OURS, Contender
from bench.load import Load
from bench.processes import roles
from bench.rounds import Messages, one
from restante.crypto import keyring

if TYPE_CHECKING:
    from bench.options import Options

LEAST = 0.005
"""Smaller shares are not shown."""
TURN_SECONDS = 0.5


def run(options: Options) -> tuple[str, dict[str, str]]:
    """Take samples while each kind of request is served, limits on; return the part's text."""
    many = options.requests * 2
    with tempfile.TemporaryDirectory() as name, servers.store(Path(name) / "store") as its:
        address = servers.free_address()
        env = servers.HIGH | {
            sampling.FOLDER: name,
            "RESTANTE_BIND": f"{address[0]}:{address[1]}",
            "RESTANTE_REDIS_URL": its.url,
            "RESTANTE_ROOT_KEYS": keyring.new_key(),
            "RESTANTE_WEB_WORKERS": servers.WORKERS,
            "PYTHONPATH": str(servers.ROOT),
        }
        command = [sys.executable, "-m", "gunicorn", "--config", "bench/sampled.py"]
        command.append("webapp.wsgi:app")
        log = Path(name) / "log"
        with servers.running(command, env, address, "/readyz", log) as process, Load() as load:
            ours = Contender("ours", address, OURS, roles(process.pid), its.url)
            workers = [pid for pid in ours.roles["web"] if pid != process.pid]
            warm, messages = Messages(40), Messages(many)
            for verb in OURS:
                one(ours, verb, warm, load)
            shares, used = {}, {}
            for verb in OURS:
                _samples(Path(name), workers)
                used[verb.name] = one(ours, verb, messages, load).web_us
                shares[verb.name] = _samples(Path(name), workers)
    return _text(shares, used), {}


def _samples(folder: Path, workers: list[int]) -> Counter[str]:
    """Return the samples of all workers since the last time."""
    found: Counter[str] = Counter()
    for pid in workers:
        file = folder / str(pid)
        had = file.read_text("utf-8").count("\n") if file.exists() else 0
        os.kill(pid, sampling.NEXT)
        lines: list[str] = []
        deadline = time.monotonic() + 20 * TURN_SECONDS
        while len(lines) <= had and time.monotonic() < deadline:
            time.sleep(0.05)
            with suppress(FileNotFoundError):
                lines = file.read_text("utf-8").splitlines()
        found.update(json.loads(lines[-1]))
    return found


def _text(shares: dict[str, Counter[str]], used: dict[str, float]) -> str:
    total: Counter[str] = Counter()
    for counts in shares.values():
        total.update(counts)
    rows = [["all, µs", *(f"{used[verb]:,.0f}" for verb in shares)]]
    for part, _ in total.most_common():
        cells = [counts[part] / counts.total() for counts in shares.values()]
        rows.append([part, *(f"{share:.0%}" if share >= LEAST else "" for share in cells)])
    samples = sum(counts.total() for counts in shares.values())
    return (
        "Limits on. Each sample counts for the innermost part of the code that it was in;"
        f" {samples:,} samples, so a share is right to one or two percent.\n\n"
        + page.table(["", *shares], rows)
        + "\n"
    )
