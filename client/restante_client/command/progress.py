"""What a person sees while the command waits, and the end of a wait that has none."""

from __future__ import annotations

import itertools
import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import ClassVar, Self, TypeVar

from restante_client import Client
from restante_client.command.exits import UNAVAILABLE, sentence_of
from restante_client.command.sizes import clock_of, size_of
from restante_client.command.texts import _
from restante_client.errors import Unreachable
from restante_client.file_verbs import SCAN_MOST
from restante_client.verbs import Verb

T = TypeVar("T")
QUIET_SECONDS, TICK_SECONDS = 0.8, 0.15
MOST_SECONDS = 300.0
"""For one verb, with all its tries.  A service can send byte after byte without end."""
CLEAR = "\r\x1b[K"
FRAMES = "|/-\\"
LONGEST = 40
"""Signs of what a transfer is, which may be a long name."""


class Waiting:
    """Shows on a terminal what the command waits for, and for how long; then takes that away."""

    drawn: ClassVar[Waiting | None] = None

    def __init__(self, what: str, most: float | None = None) -> None:
        self.what = what
        self._most = most
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._began = self._moved = time.monotonic()

    def __enter__(self) -> Self:
        if Waiting.drawn is None:
            Waiting.drawn = self
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()
        if Waiting.drawn is self:
            Waiting.drawn = None

    def _run(self) -> None:
        draws, shown = Waiting.drawn is self and _is_terminal(), False
        for frame in itertools.cycle(FRAMES):
            if self._over.wait(TICK_SECONDS):
                break
            passed = time.monotonic() - self._began
            if self._most and time.monotonic() - self._moved > self._most:
                self._give_up()
            if draws and passed > QUIET_SECONDS:
                shown = True
                wide = shutil.get_terminal_size().columns - 3
                _write(f"{CLEAR}{frame} {self._shown(passed)[:wide]}")
        if shown:
            _write(CLEAR)

    def _shown(self, passed: float) -> str:
        return f"{self.what} ({int(passed)} s)"

    def _give_up(self) -> None:
        lost = Unreachable("its answer does not end", may_have_happened=True)
        _write(f"{CLEAR if _is_terminal() else ''}{sentence_of(lost)}\n")
        # The other thread waits for bytes, and nothing else wakes it.
        os._exit(UNAVAILABLE)


class Transfer(Waiting):
    """Shows how far a file came.  It is given up if nothing comes through for long."""

    def __init__(self, what: str, size: int, start: int = 0) -> None:
        super().__init__(what if len(what) <= LONGEST else f"{what[:LONGEST]}…", MOST_SECONDS)
        self._size, self._first, self._at = size, start, start

    def reached(self, at: int, _size: int) -> None:
        """Note that so many bytes are through."""
        if at > self._at:
            self._moved = time.monotonic()
        self._at = at
        # When all is there, the service may scan it before it answers.
        self._most = MOST_SECONDS if at < self._size else SCAN_MOST + MOST_SECONDS

    def _shown(self, passed: float) -> str:
        at, size = self._at, self._size
        told = _(
            "{what}: {percent} %, {at} of {size}",
            what=self.what, percent=at * 100 // size if size else 100, at=size_of(at),
            size=size_of(size),
        )  # fmt: skip
        if at <= self._first:
            return told
        left = clock_of((size - at) * passed / (at - self._first))
        return f"{told}, {_('{time} left', time=left)}"


class Patient(Client):
    """A client that shows when a person has to wait for it."""

    def _do(self, verb: Verb[T], body: Iterator[bytes] | None = None) -> T:
        if body is not None:  # a transfer, which shows itself
            return super()._do(verb, body)
        with Waiting(_("Waiting for the service"), MOST_SECONDS):
            return super()._do(verb)


def again(_seconds: float) -> None:
    """Show that there was no answer, and that the client asks once more."""
    if Waiting.drawn:
        Waiting.drawn.what = _("No answer yet, asking again")


def _is_terminal() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def _write(text: str) -> None:
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except OSError:
        return
