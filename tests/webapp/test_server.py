"""gunicorn as we run it: bad requests get fixed answers, and no word of them is written down."""

import json
import os
import signal
import socket
import sys
import time
from contextlib import suppress

import pytest

from tests.support.processes import Running, alive, free_port, status_of, wait_until
from tests.support.server_app import LARGE, SECRET


class Server(Running):
    """gunicorn under our configuration, with an application that misbehaves on request."""

    def __init__(self, tmp_path, **env):
        self.port = free_port()
        command = ["-m", "gunicorn", "--config", "gunicorn.conf.py", "tests.support.server_app:app"]
        env |= {"RESTANTE_BIND": f"127.0.0.1:{self.port}", "RESTANTE_WEB_WORKERS": "1"}
        super().__init__([sys.executable, *command], tmp_path / "server.log", env)

    def wait_until_ready(self):
        wait_until(lambda: status_of(f"http://127.0.0.1:{self.port}/") == 200)

    def ask(self, request):
        """Send bytes and return all that comes back."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            connection.sendall(request)
            answer = b""
            while some := connection.recv(65_536):
                answer += some
            return answer

    def lines(self):
        return [json.loads(line) for line in self.log().splitlines()]

    def line_after(self, count):
        """Return the first line that came after *count* lines."""
        return wait_until(lambda: self.lines()[count:])[0]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    # A peer named here would be believed, were our configuration not to say otherwise.
    with Server(tmp_path_factory.mktemp("server"), FORWARDED_ALLOW_IPS="*") as server:
        yield server


LONG = SECRET * 400
BAD = {
    "no method": (f"/m/{SECRET}\r\n\r\n", 400),
    "a method of other signs": (f"{SECRET}<b> / HTTP/1.1\r\n\r\n", 400),
    "no version": (f"GET /m/{SECRET} HTTPS\r\n\r\n", 400),
    "another version": (f"GET /m/{SECRET} HTTP/7.1\r\n\r\n", 400),
    "a long request line": (f"GET /m/{LONG} HTTP/1.1\r\n\r\n", 414),
    "a long header": (f"GET / HTTP/1.1\r\nHost: x\r\nX-A: {LONG}\r\n\r\n", 431),
    "many headers": ("GET / HTTP/1.1\r\n" + f"X-A: {SECRET}\r\n" * 300 + "\r\n", 431),
    "a header without a colon": (f"GET / HTTP/1.1\r\n{SECRET}\r\n\r\n", 400),
    "a header of other signs": (f"GET / HTTP/1.1\r\n{SECRET}()<>: x\r\n\r\n", 400),
    "a folded header": (f"GET / HTTP/1.1\r\nX-A: a\r\n {SECRET}\r\n\r\n", 400),
    "two lengths": (
        f"POST /{SECRET} HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        400,
    ),
    "an unknown coding": (f"POST / HTTP/1.1\r\nTransfer-Encoding: {SECRET}\r\n\r\n", 501),
    "an unknown expectation": (f"POST / HTTP/1.1\r\nHost: x\r\nExpect: {SECRET}\r\n\r\n", 417),
    "bytes of TLS": ("\x16\x03\x01" + SECRET + "\r\n\r\n", 400),
}


@pytest.mark.parametrize(("request_text", "status"), BAD.values(), ids=BAD)
def test_a_bad_request_gets_a_fixed_answer_and_one_line(server, request_text, status):
    count = len(server.lines())
    reply = server.ask(request_text.encode("latin-1"))
    head, _, body = reply.decode().partition("\r\n\r\n")

    assert head.startswith(f"HTTP/1.1 {status} ")
    assert "text/plain" in head
    assert body == head.partition("\r\n")[0].removeprefix("HTTP/1.1 ") + "\n"
    line = server.line_after(count)
    assert set(line) == {"at", "level", "event", "error", "status"}
    assert (line["event"], line["status"]) == ("bad request", status)
    assert SECRET not in reply.decode() + server.log()
    assert "127.0.0.1" not in server.log().partition("server process starting")[2]


@pytest.mark.parametrize("path", ["/crash", "/header"])
def test_an_error_of_ours_is_told_by_class_and_place(server, path):
    count = len(server.lines())
    reply = server.ask(f"GET {path}?{SECRET} HTTP/1.1\r\nHost: x\r\n\r\n".encode())

    assert reply.startswith(b"HTTP/1.1 500 ")
    line = server.line_after(count)
    assert (line["event"], line["status"]) == ("request failed", 500)
    assert line["error"] in {"NamedAfterNothing", "InvalidResponseHeader"}
    assert line["where"]
    assert SECRET not in reply.decode() + server.log()
    assert "Traceback" not in server.log()


def test_an_answer_that_breaks_off_is_told_without_values(server):
    count = len(server.lines())
    reply = server.ask(b"GET /midway HTTP/1.1\r\nHost: x\r\n\r\n")

    assert b"half" in reply
    line = server.line_after(count)
    assert (line["event"], line["error"]) == ("server message", "NamedAfterNothing")
    assert SECRET not in server.log()


def test_a_greenlet_that_dies_prints_no_traceback(server):
    count = len(server.lines())
    server.ask(b"GET /greenlet HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    line = server.line_after(count)
    assert (line["event"], line["error"]) == ("greenlet died", "NamedAfterNothing")
    assert SECRET not in server.log()
    assert "Traceback" not in server.log()


def test_a_good_request_is_not_logged_by_the_server(server):
    count = len(server.lines())
    server.ask(f"GET /m/{SECRET} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    server.ask(b"nonsense\r\n\r\n")

    assert server.line_after(count)["event"] == "bad request"


def test_the_server_believes_no_forwarded_header_by_itself(server):
    reply = server.ask(
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Forwarded-For: 203.0.113.9\r\n"
        b"X-Forwarded-Proto: https\r\nScript-Name: /elsewhere\r\n\r\n"
    )

    assert b"\r\n127.0.0.1 http\r\n" in reply


def test_no_version_of_anything_is_told(server):
    reply = server.ask(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    assert b"Server: gunicorn\r\n" in reply


def test_a_connection_that_sends_nothing_is_closed(server):
    assert server.ask(b"GET / HTTP/1.1\r\nX-Slow") == b""


def test_connections_that_stall_starve_nobody(server):
    stalled = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(60)]
    try:
        for connection in stalled:
            connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx")
        assert status_of(f"http://127.0.0.1:{server.port}/") == 200
    finally:
        for connection in stalled:
            connection.close()


def test_the_life_of_the_server_is_told_in_lines(tmp_path):
    with Server(tmp_path) as server:
        worker = server.pids()[1]
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda: "server process killed" in server.log())
        wait_until(lambda: status_of(f"http://127.0.0.1:{server.port}/") == 200)
        pids = server.pids()
        assert server.stop(signal.SIGTERM) == 0
        assert alive(pids) == []

    events = [line["event"] for line in server.lines()]
    assert events[:2] == ["server starting", "server listening"]
    assert {"server process starting", "server process killed", "server signalled"} <= set(events)
    assert events[-1] == "server ending"


def test_a_port_that_is_taken_is_told(server, tmp_path):
    other = Server(tmp_path)
    other.env["RESTANTE_BIND"] = f"127.0.0.1:{server.port}"
    other.wait_until_ready = lambda: None
    with other:
        assert other.process.wait(30) == 1

    assert "address in use" in other.log()
    assert all(json.loads(line) for line in other.log().splitlines())


@pytest.mark.parametrize("stops", [False, True])
def test_a_slow_reader_gets_all_and_only_one_who_stops_is_cut_off(tmp_path, stops):
    with Server(tmp_path, TEST_IDLE_SECONDS="2") as server:
        reader = socket.socket()
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_192)
        reader.settimeout(20)
        reader.connect(("127.0.0.1", server.port))
        reader.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        if stops:
            # It takes nothing until the server has given up.
            wait_until(lambda: "TimeoutError" in server.log())
        got, began = 0, time.monotonic()
        with reader, suppress(ConnectionError):
            while some := reader.recv(131_072):
                got += len(some)
                # In all it lasts longer than the server waits for one piece.
                if not stops and time.monotonic() - began < 5:
                    time.sleep(0.02)

    assert got < LARGE if stops else got > LARGE
