"""A small server that speaks clamd's protocol, and finds the EICAR text only."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + rb"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
"""What every scanner finds (eicar.org): harmless."""


class Scanner:
    """Listens on a free port of the loopback, or on a socket; takes *most* bytes of a file."""

    def __init__(self, path: Path | None = None, most: int = 2**30) -> None:
        if path:
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.bind(str(path))
            self.url = f"clamd://{path}"
        else:
            self._socket = socket.socket()
            self._socket.bind(("127.0.0.1", 0))
            self.url = f"clamd://127.0.0.1:{self._socket.getsockname()[1]}"
        self._socket.listen()
        self.most, self.scanned = most, list[bytes]()
        self.says: bytes | None = None
        """An answer instead of its own; an empty one ends the connection."""

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Listen no more."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                line, _ = self._socket.accept()
                threading.Thread(target=self._answer, args=(line,), daemon=True).start()

    def _answer(self, line: socket.socket) -> None:
        with closing(line), suppress(OSError, struct.error), line.makefile("rb") as incoming:
            command = b""
            while not command.endswith(b"\0"):
                command += incoming.read(1)
            if command == b"zPING\0":
                line.sendall(b"PONG\0")
                return
            assert command == b"zINSTREAM\0", command
            data = b""
            while size := struct.unpack(">I", incoming.read(4))[0]:
                data += incoming.read(size)
                if len(data) > self.most:
                    # As clamd does it: it answers, and hangs up on what is still coming.
                    line.sendall(b"INSTREAM size limit exceeded. ERROR\0")
                    return
            self.scanned.append(data)
            own = b"stream: Eicar-Test-Signature FOUND\0" if EICAR in data else b"stream: OK\0"
            line.sendall(own if self.says is None else self.says)
