"""A line to a server that is cut after so many bytes, whatever these are."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import TYPE_CHECKING

from tests.support.listening import READ_SECONDS, Listening

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class CutLine(Listening):
    """Listens on a port and leads to *port*.

    The first connections are cut, each after that many bytes *up* to the server or *down* from it.
    """

    def __init__(self, port: int, *, up: Sequence[int] = (), down: Sequence[int] = ()) -> None:
        super().__init__()
        self._port, self._up, self._down = port, list(up), list(down)
        self.lines = 0
        """How many connections came."""
        self.passed = 0
        """Bytes, both ways."""
        self.on_cut: Callable[[], object] = lambda: None

    def _serve(self, near: socket.socket) -> None:
        self.lines += 1
        up = self._up.pop(0) if self._up else None
        down = self._down.pop(0) if self._down else None
        with near, suppress(OSError), socket.create_connection(("127.0.0.1", self._port)) as far:
            back = self._start(self._pass, far, near, down)
            self._pass(near, far, up)
            back.join(READ_SECONDS)

    def _pass(self, one: socket.socket, other: socket.socket, left: int | None) -> None:
        with suppress(OSError):
            while part := one.recv(65_536):
                if left is not None and (left := left - len(part)) <= 0:
                    self.on_cut()
                    break
                other.sendall(part)
                self.passed += len(part)
        for line in (one, other):
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
