"""Starts what is measured, each on a free port of the loopback and with a store of its own."""

from __future__ import annotations

import hashlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bench.contenders import FLOOR, OURS, SNAPPASS, Contender
from bench.processes import roles
from restante.crypto import keyring
from restante.service.embedded_store import EmbeddedStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT = Path(__file__).resolve().parent.parent
WORKERS = "2"
START_SECONDS = 120.0
STOP_SECONDS = 45.0
STORE_BYTES = 4 * 2**30
MOST = "1000000"
HIGH = {
    f"RESTANTE_{name}": MOST
    for name in (
        "LIMIT_SEND",
        "LIMIT_PREVIEW",
        "LIMIT_STATUS",
        "LIMIT_REVEAL",
        "LIMIT_PASSPHRASE",
        "BUDGET_MESSAGES",
    )
} | {"RESTANTE_BUDGET_BYTES": str(2**40)}
"""Limits that count, and that nobody reaches."""
REQUIREMENTS = ROOT / "bench" / "snappass.txt"


def free_address() -> tuple[str, int]:
    """Return a port of the loopback address that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return "127.0.0.1", int(probe.getsockname()[1])


def await_answer(address: tuple[str, int], path: str, process: subprocess.Popen[bytes]) -> float:
    """Wait until *path* answers 200; return how long that took."""
    began = time.perf_counter()
    while time.perf_counter() - began < START_SECONDS:
        with suppress(OSError, http.client.HTTPException):
            line = http.client.HTTPConnection(*address, timeout=5)
            line.request("GET", path)
            status = line.getresponse().status
            line.close()
            if status == http.client.OK:
                return time.perf_counter() - began
        if process.poll() is not None:
            break
        time.sleep(0.02)
    message = f"{' '.join(map(str, process.args))}: not ready"  # type: ignore[arg-type]
    raise SystemExit(message)


@contextmanager
def running(
    command: Sequence[str],
    env: Mapping[str, str],
    address: tuple[str, int],
    path: str,
    log: Path,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the `with` ends; its log goes to a file, as to a journal."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("RESTANTE_")}
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=clean | dict(env), stdout=output, stderr=output
        )
    try:
        await_answer(address, path, process)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_SECONDS)


class Store(NamedTuple):
    """A running store."""

    url: str
    pid: int


@contextmanager
def store(folder: Path) -> Iterator[Store]:
    """Run a store as the product runs its own, with appendfsync always."""
    embedded = EmbeddedStore(folder, STORE_BYTES, "disk")
    embedded.start()
    assert embedded.pid
    try:
        yield Store(embedded.url, embedded.pid)
    finally:
        embedded.stop()


@contextmanager
def ours(folder: Path, name: str, *, limits: bool, **more: str) -> Iterator[Contender]:
    """Run the whole service on one machine: embedded store, web, worker."""
    address = free_address()
    env = HIGH | {
        "RESTANTE_BIND": f"{address[0]}:{address[1]}",
        "RESTANTE_DATA_DIR": str(folder / "data"),
        "RESTANTE_STORE_BYTES": str(STORE_BYTES),
        "RESTANTE_RATE_LIMITS": "on" if limits else "off",
        "RESTANTE_WEB_WORKERS": WORKERS,
        **more,
    }
    command = [sys.executable, "-m", "restante"]
    began = time.perf_counter()
    with running(command, env, address, "/readyz", folder / "log") as process:
        ready = time.perf_counter() - began
        url = f"unix://{(folder / 'data' / 'store.sock').resolve()}"
        yield Contender(name, address, OURS, roles(process.pid), url, ready)


@contextmanager
def floor(folder: Path, kind: str, its: Store) -> Iterator[Contender]:
    """Run one of the floors under the product's own gunicorn configuration."""
    address = free_address()
    env = {
        "BENCH_FLOOR": kind,
        "RESTANTE_BIND": f"{address[0]}:{address[1]}",
        "RESTANTE_REDIS_URL": its.url,
        "RESTANTE_ROOT_KEYS": keyring.new_key(),
        "RESTANTE_WEB_WORKERS": WORKERS,
    }
    command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", "bench.floor:app"]
    with running(command, env, address, "/", folder / f"{kind}.log") as process:
        found = roles(process.pid) | {"store": [its.pid]}
        yield Contender(f"floor: {kind}", address, FLOOR, found, its.url)


def snappass_python() -> Path | None:
    """Return the Python with SnapPass, in a cache folder of the user; install it if needed.

    It is None if the packages cannot be had; everything else is measured without it.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    wanted = REQUIREMENTS.read_bytes() + (ROOT / "requirements.lock").read_bytes()
    mark = hashlib.sha256(wanted + sys.version.encode()).hexdigest()[:12]
    folder = cache / "restante-bench" / f"snappass-{mark}"
    python, whole = folder / "bin" / "python", folder / "whole"
    if whole.exists():
        return python
    pip = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    try:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([*pip, "--require-hashes", "-r", str(REQUIREMENTS)], check=True)
    except (subprocess.CalledProcessError, OSError):
        return None
    whole.touch()
    return python


@contextmanager
def snappass(python: Path, folder: Path, its: Store) -> Iterator[Contender]:
    """Run SnapPass: gevent workers, since its sync workers would close each connection."""
    address = free_address()
    command = [str(python), "-m", "gunicorn", "--bind", f"{address[0]}:{address[1]}"]
    command += ["--workers", WORKERS, "--worker-class", "gevent", "--keep-alive", "5"]
    command += ["--worker-tmp-dir", "/dev/shm", "--no-control-socket", "snappass.main:app"]  # noqa: S108
    env = {"REDIS_URL": its.url, "NO_SSL": "True"}
    with running(command, env, address, "/", folder / "snappass.log") as process:
        found = roles(process.pid) | {"store": [its.pid]}
        yield Contender("SnapPass", address, SNAPPASS, found, its.url)
