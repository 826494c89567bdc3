"""What a person sees while the command waits, and the end of a wait that has none."""

from __future__ import annotations

import itertools
import os
import sys
import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import ClassVar, Self, TypeVar

from restante_client import Client
from restante_client.command.exits import UNAVAILABLE, sentence_of
from restante_client.command.texts import _
from restante_client.errors import Unreachable
from restante_client.verbs import Verb

T = TypeVar("T")
QUIET_SECONDS, TICK_SECONDS = 0.8, 0.15
MOST_SECONDS = 300.0
"""For one verb, with all its tries.  A service can send byte after byte without end."""
CLEAR = "\r\x1b[K"
FRAMES = "|/-\\"


class Waiting:
    """Shows on a terminal what the command waits for, and for how long; then takes that away."""

    drawn: ClassVar[Waiting | None] = None

    def __init__(self, what: str, most: float | None = None) -> None:
        self.what = what
        self._most = most
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._began = time.monotonic()

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
            if self._most and passed > self._most:
                self._give_up()
            if draws and passed > QUIET_SECONDS:
                shown = True
                _write(f"{CLEAR}{frame} {self.what} ({int(passed)} s)")
        if shown:
            _write(CLEAR)

    def _give_up(self) -> None:
        lost = Unreachable("its answer does not end", may_have_happened=True)
        _write(f"{CLEAR if _is_terminal() else ''}{sentence_of(lost)}\n")
        # The other thread waits for bytes, and nothing else wakes it.
        os._exit(UNAVAILABLE)


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
