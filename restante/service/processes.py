"""Child processes: starts those of the Procfile, ends them in order or with their parent."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

PR_SET_PDEATHSIG = 1
PROCFILE_LINE = re.compile(r"^([A-Za-z0-9_-]+):\s*(\S.*?)\s*$", re.MULTILINE)
WORDS_MOST = 64 * 1024
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def start(procfile: Path, environ: Mapping[str, str]) -> dict[str, subprocess.Popen[bytes]]:
    """Start every process of *procfile* in its folder; they inherit our output.

    `exec` replaces the shell with the program, so that signals reach the program.
    """
    return {
        name: subprocess.Popen(  # noqa: S602 (a Procfile has shell commands; this one is our own)
            f"exec {command}",
            shell=True,
            env=dict(environ),
            cwd=procfile.parent,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 (no threads)
        )
        for name, command in parse_procfile(procfile.read_text("utf-8"))
    }


def parse_procfile(written: str) -> list[tuple[str, str]]:
    """Return the names and commands of a Procfile: `name: command` on each line."""
    return PROCFILE_LINE.findall(written)


def die_with_parent(signum: signal.Signals) -> Callable[[], None]:
    """Return a `preexec_fn` that makes the system send *signum* to the child when we die.

    The system watches the thread that starts the child.  Only Linux has this; elsewhere it
    does nothing.
    """
    parent = os.getpid()

    def ask_the_system() -> None:
        if _LIBC is not None:
            _LIBC.prctl(PR_SET_PDEATHSIG, int(signum))
            if os.getppid() != parent:
                os._exit(1)

    return ask_the_system


def end(children: Iterable[subprocess.Popen[bytes]], seconds: float) -> None:
    """Terminate all *children*, wait at most *seconds*, then kill those that are left.

    Each must lead its own session; the other processes of its group are killed, too.
    """
    children = list(children)
    for child in children:
        if child.poll() is None:
            child.terminate()
    deadline = time.monotonic() + seconds
    for child in children:
        with suppress(subprocess.TimeoutExpired):
            child.wait(max(0.0, deadline - time.monotonic()))
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


class FirstWords:
    """The first output of a child, which says why it could not start.

    Nobody reads it while the child runs.  When the pipe is full, further output is lost, and the
    child does not block.
    """

    def __init__(self) -> None:
        self._end: int | None = None

    @contextmanager
    def anew(self) -> Iterator[int]:
        """Yield the end of a new pipe that a child is to write to."""
        self.close()
        self._end, other = os.pipe()
        try:
            for end in (self._end, other):
                os.set_blocking(end, False)
            yield other
        finally:
            os.close(other)

    def read(self) -> str:
        """Return what the child printed, once."""
        with suppress(BlockingIOError):
            if self._end is not None:
                return os.read(self._end, WORDS_MOST).decode("utf-8", "replace")
        return ""

    def close(self) -> None:
        """Forget what the child printed."""
        if self._end is not None:
            os.close(self._end)
            self._end = None
