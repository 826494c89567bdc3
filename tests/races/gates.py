"""Gates: TCP proxies that a test can cut, stall and heal.  They run in a process of their own.

`python -m tests.races.gates` takes a command a line and answers each with a line:

    open <port>   listen on a free port that leads to that one; answers with the new port
    cut <port>    close what goes through this gate, and whatever comes
    stall <port>  keep connections, and pass nothing on
    heal <port>   pass everything on again

It ends with its standard input, so none outlives its test.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from contextlib import suppress

from tests.support.processes import ROOT

SOME = 1 << 16


class Gate:
    """One port that leads to another."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = 0
        self._is_cut = False
        self._open = asyncio.Event()
        self._open.set()
        self._writers: set[asyncio.StreamWriter] = set()

    async def listen(self) -> None:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        self._is_cut = True
        for writer in self._writers:
            writer.transport.abort()

    def stall(self) -> None:
        self._open.clear()

    def heal(self) -> None:
        self._is_cut = False
        self._open.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.transport.abort()
            return
        self._writers.add(writer)
        with suppress(OSError):
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
            self._writers.add(far_writer)
            await asyncio.gather(self._pass(reader, far_writer), self._pass(far_reader, writer))
            self._writers.discard(far_writer)
        writer.transport.abort()
        self._writers.discard(writer)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while some := await reader.read(SOME):
                await self._open.wait()
                writer.write(some)
                await writer.drain()
        writer.transport.abort()


async def serve() -> None:
    """Obey what comes on standard input until it ends."""
    gates: dict[int, Gate] = {}
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        verb, number = line.decode().split()
        if verb == "open":
            gate = Gate(int(number))
            await gate.listen()
            gates[gate.port] = gate
        else:
            gate = gates[int(number)]
            getattr(gate, verb)()
        print(gate.port, flush=True)


class Gates:
    """The process with all gates of a test."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.races.gates"],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def tell(self, verb: str, port: int) -> int:
        """Have a command done; return the gate's port."""
        assert self._process.stdin
        assert self._process.stdout
        with self._lock:
            print(verb, port, file=self._process.stdin, flush=True)
            return int(self._process.stdout.readline())

    def close(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


if __name__ == "__main__":
    asyncio.run(serve())
