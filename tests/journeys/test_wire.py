"""What is said on the wire: no request hides in another, no redirect leads elsewhere."""

import re
from contextlib import suppress
from http.client import HTTPException
from itertools import product

import pytest

from tests.support.api import Api, Visitor
from tests.support.lines import talk


@pytest.mark.parametrize(
    ("head", "statuses"),
    [
        ("Content-Length: 4\r\nTransfer-Encoding: chunked", {400}),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", {400, 501}),
        ("Transfer-Encoding: xchunked\r\nContent-Length: 4", {400, 501}),
        ("Transfer-Encoding : chunked\r\nContent-Length: 4", {400}),
        ("Content-Length: +4", {400}),
        ("Content-Length: 4\r\nContent-Length: 60", {400}),
        ("Content-Length: 4, 4", {400}),
        ("Content-Length: -1", {400}),
        ("Content-Length: 0x4", {400}),
        ("Content-Length:\r\n 4", {400}),
        ("X: y\n\nGET /x HTTP/1.1", {400}),
    ],
)
def test_no_request_hides_in_another(service, sent, kept, head, statuses):
    """Two readers of one connection must never disagree where a request ends."""
    inner = (
        f"POST /api/v1/message/recall HTTP/1.1\r\nHost: {service.bind}\r\n"
        f"Authorization: Bearer {sent.control}\r\nContent-Length: 0\r\n\r\n"
    )
    request = (
        f"POST /m/{sent.link} HTTP/1.1\r\nHost: {service.bind}\r\n{head}\r\n\r\n0\r\n\r\n{inner}"
    )
    reply = talk(service, request.encode())
    found = [int(status) for status in re.findall(rb"^HTTP/1\.1 (\d{3}) ", reply, re.MULTILINE)]

    assert kept()
    assert len(found) == 1
    assert found[0] in statuses


def test_http_2_is_not_spoken(service):
    upgrade = {
        "Connection": "Upgrade, HTTP2-Settings",
        "Upgrade": "h2c",
        "HTTP2-Settings": "AAMAAABkAAQAAP__",
    }

    assert Api(service.url).ask("GET", "/", headers=upgrade).status == 200
    assert talk(service, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").startswith(b"HTTP/1.1 400 ")


def test_no_redirect_leads_elsewhere(service, sent):
    visitor = Visitor(service.url)
    paths = [
        f"//evil.example/m/{sent.link}",
        f"/\\evil.example/{sent.link}",
        f"/m//{sent.link}",
        f"/s//{sent.control}",
        "//evil.example/%2e%2e",
        "/m/%0d%0aLocation:%20https://evil.example",
        f"/s/{sent.control}%0d%0aSet-Cookie:%20sender=x",
    ]
    headers = {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    answers = []
    for path, method in product(paths, ("GET", "POST")):
        with suppress(HTTPException):
            answers.append(visitor._api.ask(method, path, b"", headers=headers))
    for answer in answers:
        location = answer.headers["Location"] or "/"

        assert location.startswith((f"{service.url}/", "/"))
        assert not location.startswith("//")
        assert "evil.example" not in location.partition("?")[0].split("/")[2:3]
        assert "Set-Cookie" not in answer.headers or "sender=x" not in str(answer.headers)
    assert len(answers) == 2 * len(paths)
