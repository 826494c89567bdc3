"""Lines to a server that break: after so many bytes, or when a test says so."""

from __future__ import annotations

import re
import socket
import struct
import time
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
        _end(one, other)


class SwitchedLine(Listening):
    """Listens on a port and leads to *port*, until it is `cut`, and again once it is `mended`.

    *pace*: bytes a second that pass at the most, each way of each connection.
    """

    def __init__(self, port: int, pace: int | None = None) -> None:
        super().__init__()
        self._port, self._pace = port, pace
        self._open: set[socket.socket] = set()
        self._is_cut = False
        self.passed = 0
        """Bytes, both ways."""
        self.ranges: list[str] = []
        """What `Range` asked for, in order."""

    def __exit__(self, *given: object) -> None:
        self.cut()
        super().__exit__(*given)

    def cut(self) -> None:
        """Break all connections; new ones lead nowhere."""
        self._is_cut = True
        for line in list(self._open):
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Let new connections through."""
        self._is_cut = False

    def _serve(self, near: socket.socket) -> None:
        with near, suppress(OSError):
            if self._is_cut:
                return
            with socket.create_connection(("127.0.0.1", self._port)) as far:
                # The service need not wait until the system gives the connection up.
                far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self._open |= {near, far}
                try:
                    back = self._start(self._down, far, near)
                    self._up(near, far)
                    back.join(READ_SECONDS)
                finally:
                    self._open -= {near, far}

    def _up(self, near: socket.socket, far: socket.socket) -> None:
        # A browser keeps a connection that it may need again.
        near.settimeout(None)
        with suppress(OSError):
            while part := near.recv(65_536):
                self.ranges += re.findall(r"\r\nRange: bytes=([^\r]*)\r\n", part.decode("latin-1"))
                far.sendall(part)
                self._note(len(part))
        _end(near, far)

    def _down(self, far: socket.socket, near: socket.socket) -> None:
        with suppress(OSError):
            while part := far.recv(65_536):
                near.sendall(part)
                self._note(len(part))
        _end(far, near)

    def _note(self, many: int) -> None:
        self.passed += many
        if self._pace:
            time.sleep(many / self._pace)


def _end(*lines: socket.socket) -> None:
    for line in lines:
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)
