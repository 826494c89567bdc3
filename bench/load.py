"""The load: a process of its own that sends prepared requests over kept connections.

`Load` starts it and gives it one run after the other, a line of JSON each.  It only reads as much
of an answer as it must: the status, and where the answer ends.
"""

from __future__ import annotations

import base64
import json
import select
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

CONNECTIONS = 16
ANSWER_SECONDS = 30.0
LENGTH = b"\r\ncontent-length:"
CHUNKED = b"\r\ntransfer-encoding: chunked"
BODILESS = (204, 304)


@dataclass(frozen=True)
class Run:
    """What came of one run.

    Attributes:
        seconds: From the first request to the last answer.
        waited_ms: For each request in turn, until its answer was whole; with a *rate*, since it
            was due.
        statuses: For each request in turn; 0 if no answer came.
        answers: For each request in turn, head and body; empty if they were not wanted.
    """

    seconds: float
    waited_ms: list[float]
    statuses: list[int]
    sent_bytes: int
    read_bytes: int
    answers: list[str]

    def share_ms(self, share: float) -> float:
        """Return the time within which this share of the answers came: 0.99 is the p99."""
        ordered = sorted(self.waited_ms)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


class Load:
    """The process that sends; it ends with the `with`."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.load"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(ANSWER_SECONDS)

    def run(
        self,
        address: tuple[str, int],
        requests: Sequence[bytes],
        *,
        connections: int = CONNECTIONS,
        rate: float = 0.0,
        keep: bool = False,
    ) -> Run:
        """Send *requests*: as fast as they are answered, or *rate* a second; wait for the end."""
        asked = {
            "address": address,
            "requests": [base64.b64encode(request).decode() for request in requests],
            "connections": connections,
            "rate": rate,
            "keep": keep,
        }
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return Run(**json.loads(self._process.stdout.readline()))


class _Line:
    """One connection: it sends a request, and collects the bytes of its answer."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, timeout=ANSWER_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.read = b""
        self.number = -1
        self.due = 0.0

    def send(self, number: int, request: bytes, due: float) -> None:
        self.number, self.due, self.read = number, due, b""
        self.socket.sendall(request)

    def collect(self) -> bool | None:
        """Read what came; tell whether the answer is whole, or None if it will never be."""
        piece = self.socket.recv(262_144)
        self.read += piece
        if _is_whole(self.read):
            return True
        return False if piece else None

    @property
    def status(self) -> int:
        return int(self.read[9:12])

    @property
    def will_close(self) -> bool:
        return b"\r\nconnection: close" in self.read.partition(b"\r\n\r\n")[0].lower()


def _is_whole(read: bytes) -> bool:
    end = read.find(b"\r\n\r\n")
    if end < 0:
        return False
    if int(read[9:12]) in BODILESS:
        return True
    head = read[: end + 2].lower()
    at = head.find(LENGTH)
    if at >= 0:
        length = int(head[at + len(LENGTH) : head.index(b"\r\n", at + 2)])
        return len(read) >= end + 4 + length
    return CHUNKED in head and read.endswith(b"0\r\n\r\n")


class _Sending:
    """One run: requests over a few connections, each of which waits for its answer."""

    def __init__(
        self, address: tuple[str, int], requests: list[bytes], rate: float, *, keep: bool
    ) -> None:
        self._address, self._requests = address, requests
        self._rate, self._keep = rate, keep
        self._waited = [0.0] * len(requests)
        self._statuses = [0] * len(requests)
        self._answers = [""] * len(requests) if keep else []
        self._sent = self._done = self._read_bytes = 0
        self._poll = select.epoll()
        self._lines: dict[int, _Line] = {}
        self._free: list[_Line] = []

    def run(self, connections: int) -> Run:
        for _ in range(min(connections, len(self._requests))):
            self._connect()
        self._began = time.perf_counter()
        while self._done < len(self._requests):
            patience = self._send_due()
            events = self._poll.poll(patience)
            if not events and patience == ANSWER_SECONDS:
                break
            for number, _ in events:
                self._collect(number)
        seconds = time.perf_counter() - self._began
        for line in self._lines.values():
            line.socket.close()
        self._poll.close()
        sent_bytes = sum(map(len, self._requests))
        return Run(
            seconds, self._waited, self._statuses, sent_bytes, self._read_bytes, self._answers
        )

    def _connect(self) -> None:
        line = _Line(self._address)
        self._lines[line.socket.fileno()] = line
        self._poll.register(line.socket.fileno(), select.EPOLLIN)
        self._free.append(line)

    def _send_due(self) -> float:
        """Send what is due; return how long to wait for an answer, or for the next that is due."""
        while self._free and self._sent < len(self._requests):
            now = time.perf_counter()
            due = self._began + self._sent / self._rate if self._rate else now
            if due > now:
                return due - now
            self._free.pop().send(self._sent, self._requests[self._sent], due)
            self._sent += 1
        return ANSWER_SECONDS

    def _collect(self, number: int) -> None:
        line = self._lines[number]
        whole = line.collect()
        if whole is False:
            return
        self._waited[line.number] = (time.perf_counter() - line.due) * 1000
        self._done += 1
        self._read_bytes += len(line.read)
        if whole:
            self._statuses[line.number] = line.status
            if self._keep:
                self._answers[line.number] = line.read.decode("latin-1")
        if whole is None or line.will_close:
            self._poll.unregister(number)
            self._lines.pop(number).socket.close()
            self._connect()
        else:
            self._free.append(line)


def main() -> None:
    """Do one run for each line of standard input."""
    with suppress(KeyboardInterrupt):
        for line in sys.stdin:
            asked = json.loads(line)
            requests = [base64.b64decode(request) for request in asked["requests"]]
            address = asked["address"][0], asked["address"][1]
            sending = _Sending(address, requests, asked["rate"], keep=asked["keep"])
            run = sending.run(asked["connections"])
            print(json.dumps(vars(run)), flush=True)


if __name__ == "__main__":
    main()
