"""Serves the worker's own metrics, if no web process of the same service does."""

from __future__ import annotations

import socket
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from restante.metrics.meters import Meters

PATIENCE_SECONDS = 5.0


def serve(meters: Meters, bind: str) -> None:
    """Serve `/metrics` and `/healthz` on *bind*, in a thread.

    Raises:
        OSError: The address cannot be used.
    """
    host, _, port = bind.rpartition(":")
    host = host.strip("[]")
    family = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)[0][0]

    server = _Server((host, int(port)), family, meters)
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(
        self, address: tuple[str, int], family: socket.AddressFamily, meters: Meters
    ) -> None:
        self.address_family = family
        self.meters = meters
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        # HTTPServer would ask the DNS for our own name, which we do not need.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)

    def handle_error(self, *_: object) -> None:
        """Log nothing: the client has disconnected."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = PATIENCE_SECONDS
    server_version, sys_version = "restante", ""

    def do_GET(self) -> None:
        match self.path:
            case "/metrics":
                shown = self.server.meters.show(self.headers.get("Accept", ""))
                self._answer(HTTPStatus.OK, *shown)
            case "/healthz":
                self._answer(HTTPStatus.OK, b"ok\n")
            case _:
                self.send_error(HTTPStatus.NOT_FOUND)

    do_HEAD = do_GET  # noqa: N815

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Send a fixed response that repeats nothing of the request."""
        status = HTTPStatus(code)
        self.close_connection = True
        self._answer(status, f"{status.value} {status.phrase}\n".encode())

    def _answer(
        self, status: HTTPStatus, body: bytes, content_type: str = "text/plain; charset=utf-8"
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing: these lines contain paths and IP addresses."""
