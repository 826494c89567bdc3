"""Our gunicorn worker and logger: known messages become events, bad requests get fixed responses.

gunicorn's own log lines and error pages contain request lines, headers and IP addresses.
"""

from __future__ import annotations

import time
from contextlib import suppress
from http import HTTPStatus
from socket import IPPROTO_TCP, SHUT_WR
from typing import TYPE_CHECKING, Any

import gevent
import structlog
from gevent.hub import Hub
from gunicorn.glogging import Logger
from gunicorn.http import errors
from gunicorn.workers.ggevent import GeventWorker

from restante import logs

if TYPE_CHECKING:
    import socket
    from datetime import timedelta

    from gunicorn.config import Config

EVENTS = {
    "Starting gunicorn %s": ("server starting", "version"),
    "Listening at: %s (%s)": ("server listening", "bind", "pid"),
    "Listening at: %s": ("server listening", "bind"),
    "Connection in use: %s": ("address in use", "bind"),
    "Invalid address: %s": ("address invalid", "bind"),
    "Can't connect to %s": ("cannot listen", "bind"),
    "Using worker: %s": ("server workers chosen", "kind"),
    "Booting worker with pid: %s": ("server process starting", "pid"),
    "Worker exiting (pid: %s)": ("server process ending", "pid"),
    "Worker graceful timeout (pid:%s)": ("server process ends with requests open", "pid"),
    "WORKER TIMEOUT (pid:%s)": ("server process hangs", "pid"),
    "Worker (pid:%s) was sent %s!": ("server process killed", "pid", "signal"),
    "Worker (pid:%s) was sent %s! Perhaps out of memory?": (
        "server process killed",
        "pid",
        "signal",
    ),
    "Worker (pid:%s) exited with code %s.": ("server process failed", "pid", "status"),
    "Handling signal: %s": ("server signalled", "signal"),
    "Shutting down: %s": ("server ending",),
}
"""Known messages of gunicorn: their format string, our event, and names for their arguments."""

STATUSES: dict[type[Exception], HTTPStatus] = {
    errors.LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    errors.LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    errors.UnsupportedTransferCoding: HTTPStatus.NOT_IMPLEMENTED,
    errors.ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
    errors.ForbiddenProxyRequest: HTTPStatus.FORBIDDEN,
    errors.ConfigurationProblem: HTTPStatus.INTERNAL_SERVER_ERROR,
    # A header of our response, not of the request.
    errors.InvalidResponseHeader: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.InvalidResponseHeaderName: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.ParseException: HTTPStatus.BAD_REQUEST,
    Exception: HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""The status for each error; the most derived class decides."""

TCP_NOTSENT_LOWAT = 25  # Linux; the module has no name for it
ANSWER_SECONDS = 1.0
IDLE_SECONDS = 30.0
PIECE_BYTES, PIECE_MOST = 16 * 1024, 256 * 1024
"""Size of a piece of a response; each has IDLE_SECONDS, so clients need half a KiB a second.

While a client is quick, pieces grow: each costs a turn of the event loop.  Pages are too short.
"""
QUICK_PIECES = 8
QUICK_SECONDS = 0.1
LINGER_BYTES = 65_536

_log = structlog.get_logger()


class ServerLog(Logger):  # type: ignore[misc]
    """gunicorn's logger: known messages are logged as events; for others only the level."""

    def setup(self, cfg: Config) -> None:
        """Log through structlog and ignore the handlers in the configuration."""
        self.cfg = cfg

    def access(self, resp: object, req: object, environ: object, request_time: timedelta) -> None:
        """Log nothing: the application logs requests itself, without their paths."""

    def debug(self, msg: object, *args: object, **kwargs: object) -> None:
        self._tell("debug", msg, args, kwargs)

    def info(self, msg: object, *args: object, **kwargs: object) -> None:
        self._tell("info", msg, args, kwargs)

    def warning(self, msg: object, *args: object, **kwargs: object) -> None:
        self._tell("warning", msg, args, kwargs)

    def error(self, msg: object, *args: object, **kwargs: object) -> None:
        self._tell("error", msg, args, kwargs)

    def critical(self, msg: object, *args: object, **kwargs: object) -> None:
        self._tell("critical", msg, args, kwargs)

    def exception(self, msg: object, *args: object, **kwargs: object) -> None:
        self._tell("error", msg, args, {"exc_info": True, **kwargs})

    def log(self, lvl: int | str, msg: object, *args: object, **kwargs: object) -> None:
        level = lvl.lower() if isinstance(lvl, str) else "info"
        self._tell(level if level in logs.LEVELS else "info", msg, args, kwargs)

    def _tell(
        self, level: str, msg: object, args: tuple[object, ...], kwargs: dict[str, object]
    ) -> None:
        event, *names = EVENTS.get(str(msg), ("server message",))
        fields = dict(zip(names, args, strict=False))
        _log.log(logs.LEVELS[level], event, exc_info=kwargs.get("exc_info"), **fields)


class Patient:
    """A connection that sends a response in pieces, its head together with the first.

    gevent's `sendall` applies its timeout to the whole response: slow readers were cut off after
    their view was spent.  gunicorn sends the head alone: two system calls and two packets.
    """

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._head: bytes | None = None
        self._piece, self._quick = PIECE_BYTES, 0

    def sendall(self, answer: bytes) -> None:
        """Send a part of the response; the first part, the head, waits for the second.

        Raises:
            TimeoutError: The client did not accept a piece within IDLE_SECONDS.
        """
        if self._head is None:
            self._head = answer
            return
        if len(answer) <= PIECE_BYTES:
            answer = self._head + answer
        else:
            self._send(self._head)
        self._head = b""
        self._send(answer)

    def close(self) -> None:
        """Close the connection; a head that waits is not sent."""
        self._head = b""
        self._line.close()

    def end(self) -> None:
        """Send a head that has no body."""
        head, self._head = self._head, b""
        if head:
            self._send(head)
        self._take(PIECE_BYTES)

    def _send(self, part: bytes) -> None:
        if len(part) <= PIECE_BYTES:
            self._line.sendall(part)
            return
        view, at = memoryview(part), 0
        while at < len(view):
            began, end = time.monotonic(), at + self._piece
            self._line.sendall(view[at:end])
            at = end
            if time.monotonic() - began < QUICK_SECONDS:
                self._quick += 1
                if self._quick >= QUICK_PIECES:
                    self._take(min(2 * self._piece, PIECE_MOST))
            else:
                self._quick = 0
                self._take(PIECE_BYTES)

    def _take(self, piece: int) -> None:
        """Send pieces of this size from now on, and let the system hold one."""
        if piece != self._piece:
            self._piece = piece
            with suppress(OSError):
                self._line.setsockopt(IPPROTO_TCP, TCP_NOTSENT_LOWAT, piece)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._line, name)


class Worker(GeventWorker):  # type: ignore[misc]
    """gunicorn's gevent worker, without the contents of bad requests in log and response."""

    def init_process(self) -> None:
        """Patch and serve; errors that end a greenlet are logged, too."""
        Hub.print_exception = _tell_dead_greenlet
        super().init_process()

    def handle(self, listener: object, client: socket.socket, addr: object) -> None:
        """Serve a connection."""
        with suppress(OSError, AttributeError):
            # Otherwise the system accepts megabytes at once, and then nothing for minutes.
            client.setsockopt(IPPROTO_TCP, TCP_NOTSENT_LOWAT, PIECE_BYTES)
        super().handle(listener, client, addr)

    def handle_request(
        self, listener_name: str, req: object, sock: socket.socket, addr: object
    ) -> object:
        """Serve one request; cut off clients that read the response too slowly."""
        sock.settimeout(IDLE_SECONDS)
        patient = Patient(sock)
        try:
            return super().handle_request(listener_name, req, patient, addr)
        finally:
            patient.end()

    def handle_error(
        self,
        req: object,  # noqa: ARG002 (it must not be logged)
        client: socket.socket,
        addr: object,  # noqa: ARG002
        exc: BaseException,
    ) -> None:
        """Send a fixed response, and log only the class of the error."""
        status = status_for(exc)
        # Count the response, if metrics are on.
        if meters := getattr(self.wsgi, "meters", None):
            meters.answered(None, "other", int(status), None)
        if status == HTTPStatus.INTERNAL_SERVER_ERROR:
            _log.error("request failed", status=int(status), **logs.error_fields(exc))
        else:
            _log.warning("bad request", error=type(exc).__name__, status=int(status))
        with suppress(OSError), gevent.Timeout(ANSWER_SECONDS, exception=False):
            client.sendall(answer(status))
            # Closing with unread bytes would reset the connection before the response arrives.
            client.shutdown(SHUT_WR)
            left = LINGER_BYTES
            while left > 0 and (some := client.recv(left)):
                left -= len(some)


def status_for(exc: BaseException) -> HTTPStatus:
    """Return the status of a request that ends in *exc*."""
    for kind in type(exc).__mro__:
        if kind in STATUSES:
            return STATUSES[kind]
    return HTTPStatus.INTERNAL_SERVER_ERROR


def answer(status: HTTPStatus) -> bytes:
    """Return the fixed response for this status."""
    body = f"{status.value} {status.phrase}\n"
    return (
        f"HTTP/1.1 {status.value} {status.phrase}\r\n"
        "Connection: close\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Cache-Control: no-store\r\n"
        "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
        "Referrer-Policy: no-referrer\r\n"
        "X-Content-Type-Options: nosniff\r\n"
        f"\r\n{body}"
    ).encode("ascii")


def _tell_dead_greenlet(_hub: Hub, _context: object, kind: Any, error: Any, _trace: Any) -> None:  # noqa: ANN401
    fields = logs.error_fields(error) if isinstance(error, BaseException) else {"error": str(kind)}
    _log.error("greenlet died", **fields)
