"""A bad line to an HTTP server: it drops, delays, doubles and truncates, one request each.

Unlike `proxy.py` it knows where a request ends, so that it can send one twice.
"""

from __future__ import annotations

import re
import socket
import threading
import time
from contextlib import suppress
from enum import Enum
from typing import TYPE_CHECKING

from tests.support.listening import READ_SECONDS, Listening

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Fate(Enum):
    """What becomes of a request and its reply."""

    PASS = "both arrive"
    DROP_REQUEST = "the connection ends before the server gets it"
    DROP_REPLY = "the server answers, and the connection ends"
    DELAY = "the reply comes later than the client waits"
    DOUBLE = "the server gets it twice, the client the second reply"
    LATE_COPY = "both arrive; later the server gets a copy"
    TRUNCATE = "half of the reply arrives"
    TRUNCATE_HEAD = "the first bytes of the reply arrive"
    NOT_OURS = "a proxy answers 502 in HTML, after the server did it"
    PORTAL = "a page of somebody else, with status 200"


HARMLESS = {Fate.PASS, Fate.DOUBLE, Fate.LATE_COPY}
OTHERS = {
    Fate.NOT_OURS: b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 9\r\n\r\n<p>no</p>",
    Fate.PORTAL: b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<p>hi</p>",
}


class BadLine(Listening):
    """Listens on a port, leads to *port*; each request meets the next of its fates, then PASS."""

    def __init__(self, port: int, delay_seconds: float = 1.0, below: str = "") -> None:
        """*below* is a path that is taken from each request, as a proxy does."""
        super().__init__()
        self._port, self._delay, self._below = port, delay_seconds, f" {below}/".encode()
        self._fates: list[Fate] = []
        self._lock = threading.Lock()
        self._copies: list[threading.Thread] = []
        self.met: list[tuple[str, Fate]] = []
        """What came: the first line of each request, and its fate."""
        self.on_request: Callable[[str], None] = lambda _: None
        """Called when a request came, before anything becomes of it."""

    def fates(self, *fates: Fate) -> None:
        """Let the next requests meet these."""
        with self._lock:
            self._fates[:] = fates

    def settle(self) -> None:
        """Wait for late copies."""
        for thread in self._copies:
            thread.join(READ_SECONDS + 5)

    def _serve(self, line: socket.socket) -> None:
        with suppress(OSError), line:
            for request in _messages(line):
                first = request.partition(b"\r\n")[0].decode()
                self.on_request(first)
                with self._lock:
                    fate = self._fates.pop(0) if self._fates else Fate.PASS
                    self.met.append((first, fate))
                if not self._pass_on(line, request, fate):
                    return

    def _pass_on(self, line: socket.socket, request: bytes, fate: Fate) -> bool:
        if fate is Fate.DROP_REQUEST:
            return False
        reply = self._ask(request)
        match fate:
            case Fate.DROP_REPLY:
                return False
            case Fate.DELAY:
                time.sleep(self._delay)
            case Fate.DOUBLE:
                reply = self._ask(request)
            case Fate.LATE_COPY:
                self._copies.append(self._start(self._ask_later, request))
            case Fate.TRUNCATE | Fate.TRUNCATE_HEAD:
                head = reply.index(b"\r\n\r\n") + 4
                cut = 20 if fate is Fate.TRUNCATE_HEAD else head + (len(reply) - head) // 2
                line.sendall(reply[:cut])
                return False
            case Fate.NOT_OURS | Fate.PORTAL:
                reply = OTHERS[fate]
        line.sendall(reply)
        return fate in HARMLESS

    def _ask_later(self, request: bytes) -> None:
        time.sleep(self._delay)
        with suppress(OSError):
            self._ask(request)

    def _ask(self, request: bytes) -> bytes:
        """Send a request to the server, on a line of its own; return the whole reply."""
        with socket.create_connection(("127.0.0.1", self._port), READ_SECONDS) as line:
            line.sendall(request.replace(self._below, b" /", 1))
            return next(_messages(line))


def _messages(line: socket.socket) -> Iterator[bytes]:
    """Yield each message of HTTP on a line: its head, and as many bytes as that says."""
    held = b""
    while True:
        while b"\r\n\r\n" not in held:
            if not (more := line.recv(65_536)):
                return
            held += more
        head = held.index(b"\r\n\r\n") + 4
        length = re.search(rb"\r\ncontent-length: *(\d+)", held[:head], re.IGNORECASE)
        end = head + (int(length[1]) if length else 0)
        while len(held) < end:
            if not (more := line.recv(65_536)):
                return
            held += more
        yield held[:end]
        held = held[end:]
