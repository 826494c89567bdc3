"""Virus scan of files before they count, by clamd's protocol (`INSTREAM`, see clamd(8))."""

from __future__ import annotations

import re
import socket
from contextlib import closing, suppress
from typing import TYPE_CHECKING, NamedTuple

from restante.errors import FileRefused, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterable

CONNECT_SECONDS = 5.0
SCAN_SECONDS = 900.0
"""How long the scanner may take once it has the whole file, and for a piece of it."""
ANSWER_MOST = 4096
FOUND = re.compile(rb"(?:.*: )?([\x20-\x7e]{1,200}) FOUND")
UNSAFE = re.compile(r"[^A-Za-z0-9._/-]")
TOO_LARGE = b"size limit exceeded"


class ScannerAddress(NamedTuple):
    """Where clamd listens: host and port, or the path of a socket."""

    host: str
    port: int
    path: str = ""

    @property
    def is_near(self) -> bool:
        """Tell whether what is sent there stays on this machine."""
        return bool(self.path) or self.host in {"localhost", "127.0.0.1", "::1"}


class Clamd:
    """A scanner that speaks clamd's protocol."""

    def __init__(self, address: ScannerAddress) -> None:
        self._address = address

    def ping(self) -> bool:
        """Tell whether it answers."""
        try:
            with closing(self._connect()) as line:
                line.settimeout(CONNECT_SECONDS)
                line.sendall(b"zPING\0")
                return _answer(line) == b"PONG"
        except OSError:
            return False

    def scan(self, pieces: Iterable[bytes]) -> None:
        """Send a file, and return if nothing is wrong with it.

        Raises:
            FileRefused: Something was found, or it is larger than the scanner takes.
            Unavailable: The scanner does not answer, or could not scan it.
        """
        try:
            with closing(self._connect()) as line:
                line.settimeout(SCAN_SECONDS)
                said = _sent(line, pieces)
        except OSError:
            raise Unavailable from None
        if said.endswith(b": OK"):
            return
        if found := FOUND.fullmatch(said):
            raise FileRefused(UNSAFE.sub("_", found[1].decode()))
        if TOO_LARGE in said:
            raise FileRefused
        raise Unavailable

    def _connect(self) -> socket.socket:
        its = self._address
        if not its.path:
            return socket.create_connection((its.host, its.port), CONNECT_SECONDS)
        line = socket.socket(socket.AF_UNIX)
        try:
            line.settimeout(CONNECT_SECONDS)
            line.connect(its.path)
        except OSError:
            line.close()
            raise
        return line


def _sent(line: socket.socket, pieces: Iterable[bytes]) -> bytes:
    """Send the pieces; return the answer, which a scanner gives early if it wants no more."""
    line.sendall(b"zINSTREAM\0")
    try:
        for piece in pieces:
            line.sendall(len(piece).to_bytes(4, "big") + piece)
        line.sendall(bytes(4))
    except (BrokenPipeError, ConnectionResetError):
        with suppress(OSError):
            if said := _answer(line):
                return said
        raise
    return _answer(line)


def _answer(line: socket.socket) -> bytes:
    said = b""
    while len(said) < ANSWER_MOST and (some := line.recv(ANSWER_MOST)):
        said += some
        if b"\0" in some:
            break
    return said.partition(b"\0")[0].strip()
