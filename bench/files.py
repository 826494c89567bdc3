"""How fast files come and go, beside the disk and a plain app under the same gunicorn."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import closing, contextmanager
from http import HTTPStatus
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from bench import page, servers
from bench.processes import memory_kib, processor_seconds, tree
from restante.crypto import keyring
from restante.settings.parsers import MIB

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from bench.contenders import Contender
    from bench.options import Options

FULL, QUICK = 1024, 256
"""MiB of the file."""
ROUNDS_MOST = 5
TAKEN, SENT = "plain app, body taken and dropped", "plain app, file sent"
UP, DOWN = "Restante, upload", "Restante, download"
PIECE = MIB
WHERE = "/api/v1/link/files/1"
T = TypeVar("T")
PATCH = {
    "Content-Type": "application/partial-upload",
    "Upload-Offset": "0",
    "Upload-Complete": "?1",
}


def run(options: Options) -> tuple[str, dict[str, str]]:
    """Measure all in turn, round after round; return the text."""
    size = (QUICK if options.quick else FULL) * MIB
    found: dict[str, list[float]] = {}
    used: dict[str, list[float]] = {}
    memory = 0
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as name:
        folder = Path(name)
        with (
            servers.ours(
                folder, "ours", limits=True, RESTANTE_BUDGET_FILE_BYTES=str(2**50)
            ) as ours,
            _plain(folder, size) as plain,
        ):
            for _ in range(min(options.rounds, ROUNDS_MOST)):
                web = ours.roles["web"]
                figures = {"disk": (_disk(folder, size), 0.0)}
                _, figures[TAKEN] = _measured(plain.pids, lambda: _put(plain.address, size))
                _, figures[SENT] = _measured(
                    plain.pids, lambda: _get(plain.address, "/file", {}, size)
                )
                token, figures[UP] = _measured(web, lambda: _upload(ours, size))
                with _opened(ours, token) as reader:
                    _, figures[DOWN] = _measured(
                        web, lambda: _get(ours.address, WHERE, reader, size)
                    )
                for what, (seconds, busy) in figures.items():
                    found.setdefault(what, []).append(size / MIB / seconds)
                    used.setdefault(what, []).append(1000 * busy / (size / MIB))
                print({what: round(rates[-1]) for what, rates in found.items()})
                memory = max(memory, memory_kib(ours.roles["web"])[1])
    return _text(found, used, size, memory), {}


class Plain(NamedTuple):
    """The plain app that runs."""

    address: tuple[str, int]
    pids: list[int]


def _measured(pids: list[int], deed: Callable[[], T]) -> tuple[T, tuple[float, float]]:
    """Return what a deed returned, its seconds, and those of the processor that *pids* took."""
    before, began = processor_seconds(pids), time.perf_counter()
    done = deed()
    took = time.perf_counter() - began
    return done, (took, processor_seconds(pids) - before)


@contextmanager
def _plain(folder: Path, size: int) -> Iterator[Plain]:
    """Run the plain app, with a file of *size* bytes."""
    file = folder / "plain"
    with file.open("wb") as out:
        for _ in range(size // MIB):
            out.write(os.urandom(MIB))
    address = servers.free_address()
    env = {
        "BENCH_FILE": str(file),
        "RESTANTE_BIND": f"{address[0]}:{address[1]}",
        "RESTANTE_REDIS_URL": "redis://127.0.0.1:1/0",
        "RESTANTE_ROOT_KEYS": keyring.new_key(),
        "RESTANTE_WEB_WORKERS": servers.WORKERS,
    }
    command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", "bench.static:app"]
    with servers.running(command, env, address, "/", folder / "plain.log") as process:
        yield Plain(address, tree(process.pid))


def _disk(folder: Path, size: int) -> float:
    """Return the seconds that `dd` needs to write so much and have it on the disk."""
    file = folder / "dd"
    began = time.perf_counter()
    words = ["dd", "if=/dev/zero", f"of={file}", "bs=1M", f"count={size // MIB}", "conv=fsync"]
    subprocess.run(words, check=True, capture_output=True)
    took = time.perf_counter() - began
    file.unlink()
    return took


def _send(address: tuple[str, int], head: str, size: int) -> None:
    """Send a body of *size* bytes, and wait for the answer."""
    block = os.urandom(PIECE)
    with closing(socket.create_connection(address, timeout=120)) as line:
        line.sendall(head.encode())
        for _ in range(size // PIECE):
            line.sendall(block)
        answer = HTTPResponse(line)
        answer.begin()
        answer.read()
        assert answer.status in {200, 204}, answer.status


def _put(address: tuple[str, int], size: int) -> None:
    head = f"PUT /file HTTP/1.1\r\nHost: {address[0]}\r\nContent-Length: {size}\r\n\r\n"
    _send(address, head, size)


def _get(address: tuple[str, int], path: str, headers: Mapping[str, str], size: int) -> None:
    """Fetch *size* bytes."""
    with closing(HTTPConnection(*address, timeout=120)) as line:
        line.request("GET", path, headers=dict(headers))
        answer = line.getresponse()
        assert answer.status == HTTPStatus.OK, answer.status
        into, came = memoryview(bytearray(PIECE)), 0
        while some := answer.readinto(into):
            came += some
    assert came == size


def _upload(ours: Contender, size: int) -> str:
    """Upload a file in one request; return its token."""
    token: str = _ask(ours, "POST", "/api/v1/uploads", {"size": size})["upload_token"]
    head = "".join(f"{name}: {value}\r\n" for name, value in PATCH.items())
    _send(
        ours.address,
        f"PATCH /api/v1/upload HTTP/1.1\r\nHost: {ours.host}\r\nAuthorization: Bearer {token}\r\n"
        f"{head}Content-Length: {size}\r\n\r\n",
        size,
    )
    return token


@contextmanager
def _opened(ours: Contender, token: str) -> Iterator[dict[str, str]]:
    """Send and open a message with this file; give what a reader shows, and forget it again."""
    files = [{"upload": token, "name": "a"}]
    sent = _ask(ours, "POST", "/api/v1/messages", {"text": "a file", "files": files})
    reader = {
        "Authorization": f"Bearer {sent['links'][0]['token']}",
        "Idempotency-Key": "bench-" + os.urandom(16).hex(),
    }
    opened = _ask(ours, "POST", "/api/v1/link/reveal", {}, reader)
    yield reader | {"Files-Token": opened["files_token"]}
    control = {"Authorization": f"Bearer {sent['control_token']}"}
    _ask(ours, "POST", "/api/v1/message/forget", {}, control)


def _ask(
    ours: Contender, method: str, path: str, body: object, headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    with closing(HTTPConnection(*ours.address, timeout=60)) as line:
        kind = {"Content-Type": "application/json"}
        line.request(method, path, json.dumps(body), kind | dict(headers or {}))
        answer = line.getresponse()
        read = answer.read()
        assert answer.status < HTTPStatus.MULTIPLE_CHOICES, (path, answer.status, read)
    found: dict[str, Any] = json.loads(read) if read else {}
    return found


def _text(
    found: Mapping[str, list[float]], used: Mapping[str, list[float]], size: int, memory: int
) -> str:
    rate = {what: median(rates) for what, rates in found.items()}
    floors = {UP: min(rate["disk"], rate[TAKEN]), DOWN: min(rate["disk"], rate[SENT])}
    rows = [
        [
            what,
            f"{rate[what]:,.0f}",
            f"{min(rates):,.0f} to {max(rates):,.0f}",
            f"{rate[what] / floors[what]:.2f}" if what in floors else "",
            f"{median(used[what]):.2f}" if what != "disk" else "",
        ]
        for what, rates in found.items()
    ]
    many = len(found["disk"])
    return (
        f"A file of {size // MIB:,} MiB, {many} rounds, one client on the same machine, two web"
        f" processes: the median. *Of its floor* compares with the slower of the disk (`dd` with"
        f" `fsync`) and a plain Flask app that takes or sends the same under our gunicorn. The web"
        f" processes took {memory // 1024} MiB at most.\n\n"
        + page.table(["", "MiB a second", "from, to", "of its floor", "processor, ms a MiB"], rows)
    )
