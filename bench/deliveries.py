"""Deliveries per second of one worker, compared with a bare client and the same receiver."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from typing import TYPE_CHECKING

import httpcore

from restante.channels.transports import Transports
from restante.messages import Draft
from worker.dispatcher import Dispatcher
from worker.transports.http import Http
from worker.transports.mail import Mail
from worker.transports.push import Push

if TYPE_CHECKING:
    from restante.wiring import Services

LOOPBACK = ip_network("127.0.0.0/8")
MESSAGES, VIEWS = 100, 4


class _Receiver(BaseHTTPRequestHandler):
    taken = threading.Semaphore(0)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()
        self.taken.release()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def events_per_second(house: Services) -> tuple[float, float]:
    """Return the events per second of a bare client (a connection each), and of our worker."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}/"
    events = MESSAGES * VIEWS
    began = time.perf_counter()
    for _ in range(events):
        httpcore.request("POST", url, content=b"x" * 400)
        _Receiver.taken.acquire()
    bare = events / (time.perf_counter() - began)
    for _ in range(MESSAGES):
        sent = house.sending.send(Draft("x", webhook=url))
        for _ in range(VIEWS):
            house.managing.extend(sent.control, 3_600)
    http = Http((LOOPBACK,))
    push = Push(http, house.vapid_keys, "https://letters.example")
    courier = Dispatcher(house.delivering, Transports(http, Mail(None, None), push))
    began = time.perf_counter()
    courier.start()
    for _ in range(events):
        _Receiver.taken.acquire()
    ours = events / (time.perf_counter() - began)
    courier.stop()
    server.shutdown()
    server.server_close()
    return bare, ours
