"""What a request brings is bounded in bytes, in fields and in time."""

import socket
import time

import pytest

from tests.support.api import Api, Visitor
from tests.support.lines import talk
from webapp.http.request_size import BODY_SECONDS, FIELDS_MAX, SMALL_MAX

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v1/message/recall"),
        ("PATCH", "/api/v1/message"),
        ("POST", "/api/v1/link/reveal"),
        ("POST", "/api/v1/link/acknowledge"),
        ("POST", "/m/Lx"),
        ("POST", "/s/Cx/recall"),
    ],
)
def test_only_what_carries_a_text_may_be_large(service, method, path):
    answer = Api(service.url).ask(method, path, b"x" * (SMALL_MAX + 1))

    assert answer.status == 413


def test_a_form_of_countless_fields_is_refused(service):
    answer = Api(service.url).ask("POST", "/", b"a&" * FIELDS_MAX, headers=FORM)

    assert answer.status == 413


def test_a_list_of_countless_elements_is_one_fault(service):
    answer = Api(service.url).ask(
        "POST", "/api/v1/messages", {"text": "x", "recipients": [0] * 1_000_000}
    )

    assert [fault["field"] for fault in answer.json["errors"]] == ["recipients"]


def test_a_body_that_is_never_finished_times_out(service):
    """Byte for byte, each in time, but never done."""
    host, _, port = service.bind.partition(":")
    with socket.create_connection((host, int(port)), timeout=1) as line:
        head = "POST /api/v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
        line.sendall(head.replace("Host: x", f"Host: {service.bind}").encode())
        began, reply = time.monotonic(), b""
        while time.monotonic() - began < 3 * BODY_SECONDS:
            try:
                line.sendall(b" ")
                if not (some := line.recv(65_536)):
                    break
                reply += some
            except TimeoutError:
                continue
            except OSError:
                break

    assert reply.startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "chunks", ["zz\r\n", "5\r\nhelloXX", "-1\r\nx\r\n", "1;\x00\r\nx\r\n"], ids=ascii
)
def test_malformed_chunks_are_answered_once_as_the_visitors_fault(service, chunks):
    before = service.log().count("internal error")
    head = f"POST /api/v1/messages HTTP/1.1\r\nHost: {service.bind}\r\n"
    reply = talk(service, f"{head}Transfer-Encoding: chunked\r\n\r\n{chunks}\r\n0\r\n\r\n".encode())

    assert reply.startswith(b"HTTP/1.1 400 ")
    assert reply.count(b"HTTP/1.1") == 1
    assert service.log().count("internal error") == before


def test_a_recall_by_hand_takes_a_form_and_nothing_else(service):
    visitor = Visitor(service.url)
    home = visitor.post("/", {"text": "stays"}).headers["Location"]
    answer = visitor.ask(
        "POST", f"{home}/recall", {"link": ""}, headers={"Content-Type": "application/json"}
    )
    blank = visitor.post(f"{home}/recall", {"link": ""})

    assert answer.status == 415
    assert blank.status == 422
    assert "Recalled" not in visitor.get(home).text


def test_no_redirect_is_made_of_doubled_slashes(service):
    sent = Api(service.url).send("x")
    answers = [Visitor(service.url).get(f"/m//{sent.link}"), Visitor(service.url).get("/s//x")]

    assert [answer.headers["Location"] for answer in answers] == [None, None]
