"""Concurrent clients, the process that serves a connection, and malformed requests."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Barrier
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.support.api import Api
from tests.support.processes import Service, command_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def talk(service: Service, request: bytes) -> bytes:
    """Send bytes that no client would, and return all that comes back."""
    host, _, port = service.bind.partition(":")
    with socket.create_connection((host, int(port)), timeout=20) as line:
        reply = b""
        with suppress(BrokenPipeError, ConnectionResetError):
            line.sendall(request)
        with suppress(ConnectionResetError):
            while some := line.recv(65_536):
                reply += some
        return reply


def at_once(actions: Iterable[Callable[[], Any]]) -> list[Any]:
    """Run every action in a thread of its own, begun together; return what they return."""
    actions = list(actions)
    start = Barrier(len(actions))

    def run(action: Callable[[], Any]) -> Any:
        start.wait()
        return action()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(run, actions))


def web_processes(service: Service) -> list[int]:
    """Return the pids of the processes that serve, without the one that keeps them."""
    gunicorn = [pid for pid in service.pids() if "gunicorn" in command_of(pid)]
    return gunicorn[1:]


def server_of(api: Api, server_port: int, pids: Iterable[int]) -> int | None:
    """Return which of *pids* has accepted this client's kept connection."""
    inode = None
    for row in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = row.split()
        ports = [int(end.rpartition(":")[2], 16) for end in fields[1:3]]
        if ports == [server_port, api.port]:
            inode = fields[9]
    for pid in pids:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                if str(entry.readlink()) == f"socket:[{inode}]":
                    return pid
    return None


def lines_to_each(service: Service, many: int) -> dict[int, list[Api]]:
    """Return *many* kept connections to each of the serving processes.

    Each was used just now: on a slow machine those that came first are closed, being idle,
    before the last has come.
    """
    processes = web_processes(service)
    port = urlsplit(service.url).port
    assert port
    lines: dict[int, list[Api]] = {pid: [] for pid in processes}
    with ExitStack() as spare:
        for _ in range(40 * many):
            if not (lacking := {pid for pid, kept in lines.items() if len(kept) < many}):
                for kept in lines.values():
                    kept[:] = [api for api in kept if _answers(api)]
                if all(len(kept) == many for kept in lines.values()):
                    return lines
                continue
            api = Api(service.url, kept=True)
            assert _answers(api)
            if (pid := server_of(api, port, processes)) in lacking:
                lines[pid].append(api)
            else:
                spare.enter_context(api)
    raise AssertionError(lines)


def _answers(api: Api) -> bool:
    try:
        return api.ask("GET", "/healthz").status == 200
    except ConnectionError:
        return False
