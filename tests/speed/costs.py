"""Counts what requests cost: `python -m tests.speed.costs` prints a row for each kind.

gunicorn's worker serves each request in this process, over a real socket and a real store, and a
profile function counts.  So a count does not depend on the machine or on what else it does.
"""

import gc
import json
import os
import re
import socket
import sys
import tempfile
import time
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import redis
from gunicorn.config import Config

from bench.contenders import BROWSER, FORM, OURS, Verb, new_row
from bench.servers import HIGH
from restante import logs, wiring
from restante.crypto import keyring
from restante.service.embedded_store import EmbeddedStore
from restante.settings import Settings
from tests.support.processes import ROOT
from webapp.app import create_app
from webapp.http.gunicorn import ServerLog

HOST = "127.0.0.1:8000"
WARM, COUNTED = 3, 3
SOCKET_CALLS = {
    "accept", "close", "connect", "getpeername", "getsockname", "getsockopt", "recv", "recv_into",
    "send", "sendall", "sendmsg", "setblocking", "setsockopt", "settimeout", "shutdown",
}  # fmt: skip
FILE_CALLS = {"write", "flush", "read", "print"}
SYSTEM_CALLS = {"getpid", "urandom", "write", "writev", "read", "stat", "lstat", "open", "close"}


_SENDER = {"Cookie": "sender=" + "A" * 32}
SENDER = [
    Verb(
        "browser send",
        "POST",
        "/",
        FORM | _SENDER,
        "text={text}&views=1&hold=0",
        status=303,
        find={"control": r"/s/(C[\w-]{34})"},
        of=None,
    ),
    Verb("list page", "GET", "/sent", BROWSER | _SENDER),
    Verb(
        "control page",
        "GET",
        "/s/{control}",
        BROWSER | _SENDER,
        find={"mark": r'data-mark="([^"]+)"'},
    ),
    Verb("nothing new", "GET", "/s/{control}/changes?after={mark}", BROWSER | _SENDER, status=204),
    Verb("what is new", "GET", "/s/{control}/changes?after=0", BROWSER | _SENDER),
]
"""What a sender's browser asks: `make bench` leaves it out.  The list has 18 messages then."""


class Cost(NamedTuple):
    """The cost of one request.

    Attributes:
        trips: Reads by the store, one for each round trip.
        system: Calls into the system for sockets, files, polls, pids and random bytes.
        calls: Calls of Python functions, from the first byte read to the connection's end.
        sent, answered: Bytes of the request and of the answer, with their heads.
    """

    trips: int
    system: int
    calls: int
    sent: int
    answered: int


class Counter:
    """A profile function that counts."""

    def __init__(self) -> None:
        self.calls = self.system = 0

    def __call__(self, _frame, event, function):
        if event == "call":
            self.calls += 1
        elif event == "c_call" and _is_system(function):
            self.system += 1


def _is_system(function):
    owner, name = getattr(function, "__self__", None), function.__name__
    if isinstance(owner, socket.socket | socket.SocketType):
        return name in SOCKET_CALLS
    kind = getattr(owner, "__name__", None) or type(owner).__module__
    return (
        (kind == "posix" and name in SYSTEM_CALLS)
        or (kind in {"_io", "builtins"} and name in FILE_CALLS)
        or (kind == "select" and name in {"poll", "select"})
    )


def serving_worker(app):
    """Return the worker class of gunicorn.conf.py, ready to serve *app*."""
    said = re.search(r'worker_class = "([\w.]+)"', (ROOT / "gunicorn.conf.py").read_text("utf-8"))
    module, _, name = said[1].rpartition(".")
    config = Config()
    config.set("keepalive", 5)
    worker = getattr(import_module(module), name)(
        1, os.getpid(), [], None, 30, config, ServerLog(config)
    )
    worker.wsgi = app
    return worker


def cost_of(worker, listener, client, request):
    """Serve one request on a new connection; return its cost and the answer."""
    request = request.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
    with socket.create_connection(listener.getsockname()) as line:
        line.sendall(request)
        served, address = listener.accept()
        counter, reads = Counter(), _reads(client)
        gc.collect()
        gc.disable()
        sys.setprofile(counter)
        try:
            worker.handle(listener, served, address)
        finally:
            sys.setprofile(None)
            gc.enable()
        trips = _reads(client) - reads - 1
        answer = b"".join(iter(lambda: line.recv(65_536), b""))
    return Cost(trips, counter.system, counter.calls, len(request), len(answer)), answer


def _reads(client):
    return int(client.info("stats")["total_reads_processed"])


def costs():
    """Return the cost of each kind of request, when warm: the least of a few."""
    found = {}
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as door:
        store = EmbeddedStore(Path(folder), 2**30, "disk")
        store.start()
        try:
            settings = Settings.from_env(
                HIGH
                | {
                    "RESTANTE_REDIS_URL": store.url,
                    "RESTANTE_ROOT_KEYS": keyring.new_key(),
                    "RESTANTE_PUBLIC_URL": f"http://{HOST}",
                }
            )
            logs.configure("info")
            worker = serving_worker(create_app(wiring.build(settings)))
            with redis.Redis.from_url(store.url) as client:
                _reads(client)
                for verbs in (OURS, SENDER):
                    found |= _costs_of(verbs, worker, door, client)
        finally:
            store.stop()
    return found


def _costs_of(verbs, worker, door, client):
    found = {}
    rows = [[new_row() for _ in range(WARM + COUNTED)] for _ in range(3)]
    for verb in verbs:
        time.sleep(verb.after)
        seen = []
        for row in chain(*rows) if verb.of is None else rows[verb.of]:
            asked = verb.request(HOST, row)
            cost, answer = cost_of(worker, door, client, asked)
            assert answer.startswith(b"HTTP/1.1 %d" % verb.status), answer[:400]
            verb.learn(answer.decode(), row)
            seen.append(cost)
        found[verb.name] = Cost(*map(min, zip(*seen[WARM:], strict=True)))
    return found


def main():
    """Print the costs as JSON in the last line, and before it the bounds, to be copied."""
    found = costs()
    for name, cost in found.items():
        bounds = Cost(cost.trips, *(-(-figure * 11 // 10) for figure in cost[1:]))
        print(f'    "{name}": Cost{tuple(bounds)},  # {tuple(cost)}')
    print(json.dumps(found))


if __name__ == "__main__":
    main()
