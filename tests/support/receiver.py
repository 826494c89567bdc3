"""A webhook receiver for tests: real HTTP on loopback, with configured behaviour."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from tests.support import described

if TYPE_CHECKING:
    from collections.abc import Callable

OK = 204
HANG_SECONDS = 60


class Post(NamedTuple):
    """One post as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def message(self) -> str:
        return str(self.json["data"]["message"])

    @property
    def number(self) -> int:
        return int(self.id.rpartition("-")[2])


class Receiver(ThreadingHTTPServer):
    """Answers each post with what *behave* returns for it: a status, or a word.

    Words: `hang` answers nothing, `drip` a byte now and then, `drop` closes after the
    request, `half` in the middle of the answer's head, `flood` sends interim answers without
    end; `301 http://…` and the like redirect.  Bytes are the body of a 200.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, behave: Callable[[Post], object] | None = None, host: str = "127.0.0.1"):
        super().__init__((host, 0), _Handler)
        self.behave = behave or (lambda _: OK)
        self.posts: list[Post] = []
        """All that came, whatever was answered."""
        self.taken: list[Post] = []
        """What was answered with success, in the order of the answers."""
        self.lock = threading.Lock()
        self.ended = threading.Event()
        self.scheme = "http"

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.server_address[0]}:{self.port}/hook?key=of-the-receiver"

    def with_tls(self, certificate: str, key: str) -> Self:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return self.under(context)

    def under(self, context: ssl.SSLContext) -> Self:
        self.socket = context.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )
        self.scheme = "https"
        return self

    def handle_error(self, *_: object) -> None:
        """Ignore clients that disconnect early."""

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, kind: object = None, *_: object) -> None:
        self.ended.set()
        self.shutdown()
        self.server_close()
        if kind is None:
            for post in self.posts:
                _check(post)


def _check(post: Post) -> None:
    """Fail if it is an event of the service, and not as the API's description says."""
    with suppress(ValueError):
        told = post.json
        if "webhook-id" in post.headers and isinstance(told, dict) and "data" in told:
            described.check_webhook(post.headers, told)


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        size = int(self.headers["Content-Length"])
        body = self.rfile.read(size)
        if len(body) < size:  # the sender was killed
            self.close_connection = True
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        post = Post(self.path, headers, body, time.monotonic())
        with self.server.lock:
            self.server.posts.append(post)
        answer = self.server.behave(post)
        if isinstance(answer, int):
            if 200 <= answer < 300:
                with self.server.lock:
                    self.server.taken.append(post)
            self._answer(f"HTTP/1.1 {answer} X\r\nContent-Length: 0\r\nRetry-After: 7\r\n\r\n")
        elif isinstance(answer, bytes):
            self._answer(f"HTTP/1.1 200 OK\r\nContent-Length: {len(answer)}\r\n\r\n", answer)
        elif answer == "hang":
            self.server.ended.wait(HANG_SECONDS)
        elif answer == "drip":
            self._drip()
        elif answer == "flood":
            self._flood()
        elif answer == "half":
            self._answer("HTTP/1.1 200 O")
        elif str(answer).startswith("30"):
            self._answer(f"HTTP/1.1 {str(answer)[:3]} X\r\nLocation: {str(answer)[4:]}\r\n\r\n")
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    do_GET = do_POST  # noqa: N815 (as the library calls it)

    def _drip(self) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 1_000:
            self._answer(chr(byte))
            if self.server.ended.wait(0.3):
                break

    def _flood(self) -> None:
        with suppress(OSError):
            while not self.server.ended.is_set():
                self.wfile.write(b"HTTP/1.1 103 X\r\n\r\n" * 4_000)

    def _answer(self, text: str, body: bytes = b"") -> None:
        with suppress(OSError):
            self.wfile.write(text.encode() + body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
