"""A proxy on the way to a server, which loses replies on request.

It passes bytes on, both ways.  Once armed, the next request that has some bytes in it
reaches the server whole, and so does its reply the proxy, but nobody else.
"""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path

PEER = struct.Struct("3i")


class Fate(Enum):
    """What happens to a reply."""

    CUT = "the connection ends"
    KEPT = "the connection stays, silent"
    LATE = "the connection ends when it is told to"


@dataclass
class Loss:
    """Replies still to be lost, and what the proxy saw of it."""

    mark: bytes
    fate: Fate
    times: int
    replies: list[bytes] = field(default_factory=list)
    """What the server answered; it did what it was asked then."""
    peers: list[int] = field(default_factory=list)
    """The pids of those who asked, where they came over a Unix socket."""
    happened: threading.Event = field(default_factory=threading.Event)
    end: threading.Event = field(default_factory=threading.Event)
    """Set by the test when a connection that ends late may end."""


class Proxy:
    """Listens on a Unix socket or, without a path, on a port; leads to a Unix socket or port."""

    def __init__(self, target: Path | int, path: Path | None = None) -> None:
        self._target = target
        self._loss: Loss | None = None
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        if path is None:
            self._listener = socket.create_server(("127.0.0.1", 0))
        else:
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(str(path))
            self._listener.listen()

    @property
    def url(self) -> str:
        """Where the proxy listens."""
        address = self._listener.getsockname()
        if isinstance(address, str):
            return f"unix://{address}"
        return f"http://127.0.0.1:{address[1]}"

    def lose(self, mark: bytes, fate: Fate = Fate.CUT, times: int = 1) -> Loss:
        """Lose the replies to the next *times* requests that have *mark* in them."""
        self._loss = Loss(mark, fate, times)
        return self._loss

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        for end in [self._listener, *self._sockets]:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        for thread in self._threads:
            thread.join(10)

    def _start(self, target: object, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_INET if isinstance(self._target, int) else socket.AF_UNIX)
            self._sockets += [near, far]
            try:
                far.connect(
                    ("127.0.0.1", self._target)
                    if isinstance(self._target, int)
                    else str(self._target)
                )
            except OSError:
                near.close()
                continue
            lost = threading.Event()
            losses: list[Loss] = []
            self._start(self._pass_on, near, far, lost, losses)
            self._start(self._pass_back, near, far, lost, losses)

    def _pass_on(
        self, near: socket.socket, far: socket.socket, lost: threading.Event, losses: list[Loss]
    ) -> None:
        with suppress(OSError):
            while some := near.recv(1 << 20):
                if loss := self._take(some):
                    # Before the server can answer.
                    losses.append(loss)
                    if near.family == socket.AF_UNIX:
                        peer = near.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size)
                        loss.peers.append(PEER.unpack(peer)[0])
                    lost.set()
                far.sendall(some)
        with suppress(OSError):
            far.shutdown(socket.SHUT_WR)

    def _take(self, some: bytes) -> Loss | None:
        with self._lock:
            loss = self._loss
            if loss is None or not loss.times or loss.mark not in some:
                return None
            loss.times -= 1
            return loss

    def _pass_back(
        self, near: socket.socket, far: socket.socket, lost: threading.Event, losses: list[Loss]
    ) -> None:
        with suppress(OSError):
            while some := far.recv(1 << 20):
                if not lost.is_set():
                    near.sendall(some)
                    continue
                loss = losses[0]
                loss.replies.append(some)
                if loss.fate is Fate.CUT:
                    break
                loss.happened.set()
                if loss.fate is Fate.LATE:
                    loss.end.wait(30)
                    break
        for end in (near, far):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        if losses:
            losses[0].happened.set()
