"""Hosts, headers and cookies of every kind of answer."""

import re

import pytest

from tests.support.api import PRESSED, Answer, Api, Visitor, form_of, new_reader_key
from tests.support.lines import talk
from tests.support.processes import Service
from tests.support.tickets import waited


@pytest.fixture(scope="module")
def tls_service(tmp_path_factory):
    """A service whose visitors come over TLS, below a path; a proxy speaks for them."""
    folder = tmp_path_factory.mktemp("tls")
    with Service(folder, RESTANTE_PUBLIC_URL="https://letters.example/post") as service:
        yield service


def raw_send(api, body, **headers):
    return api.ask("POST", "/api/v1/messages", body, headers=headers)


def fields_at_fault(answer):
    assert (answer.status, answer.code) == (422, "invalid"), answer
    return [fault["field"] for fault in answer.json["errors"]]


HOSTS = (
    *("evil.example", "127.0.0.1.evil.example", "evil.example:80", "127.0.0.1@evil.example"),
    *("", "localhost..", "127.0.0.2", "[::2]", "127.0.0.1:80:80", "127.0.0.1/evil", "x" * 300),
)


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("path", ["/", "/m/" + "L" * 35, "/api/v1/link", "/static/app.css", "/no"])
def test_a_foreign_host_is_refused(api, host, path):
    answer = api.ask("GET", path, headers={"Host": host, "X-Forwarded-Host": "127.0.0.1"})

    assert answer.status == 400
    assert "Location" not in answer.headers
    assert not host or host not in answer.text


def test_a_request_with_two_hosts_or_for_elsewhere_is_refused(counting_service):
    for head in (
        f"GET / HTTP/1.1\r\nHost: {counting_service.bind}\r\nHost: evil.example\r\n",
        f"GET / HTTP/1.1\r\nHost: evil.example\r\nHost: {counting_service.bind}\r\n",
        "GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n",
    ):
        reply = talk(counting_service, f"{head}Connection: close\r\n\r\n".encode())

        assert reply.startswith(b"HTTP/1.1 400 "), (head, reply[:200])
        assert b"evil.example" not in reply
    for host in ("localhost", "localhost.", "LOCALHOST.:1", "LOCALHOST:1", "127.0.0.1", "[::1]:99"):
        assert Api(counting_service.url).ask("GET", "/", headers={"Host": host}).status == 200


def every_kind_of_answer(service, host=None):
    """Return an answer of every kind that the application gives."""
    url = service.url
    headers = {"Accept-Encoding": "gzip, br, deflate, zstd"} | ({"Host": host} if host else {})
    api, visitor = Api(url, headers=headers), Visitor(url, headers | (PRESSED if host else {}))
    sent = api.send("text " * 1_000)
    recalled, secret = api.send("t", views=2), api.send("t", passphrase="a word")
    api.recall(recalled.control)
    gate = visitor.get(f"/m/{sent.link}")
    shown = visitor.post(f"/s/{sent.control}")
    css = re.search(r'href="([^"]+app\.css[^"]*)"', gate.text)[1]
    foreign = Api(url, headers={"Host": "evil.example"})
    form = waited(service, visitor, sent.link, form_of(gate, sent.link))
    opened = visitor.post(f"/m/{sent.link}", form)
    return {
        "compose": visitor.get("/"),
        "compose, faulty": visitor.post("/", {"text": ""}),
        "sent": visitor.post("/", {"text": "t"}),
        "warning": Visitor(url, headers).get(f"/s/{sent.control}"),
        "shown": shown,
        "control": visitor.get(f"/s/{sent.control}"),
        "gate": gate,
        "opened": opened,
        "file": visitor.post(f"/m/{sent.link}", form_of(opened, sent.link) | {"as": "txt"}),
        "kept": visitor.post(
            f"/m/{sent.link}/acknowledge", form_of(opened, "acknowledge") | {"keep": "1"}
        ),
        "done": visitor.post(f"/m/{sent.link}/acknowledge", form_of(opened, "acknowledge")),
        "gone": visitor.get(f"/m/{recalled.link}"),
        "secret": visitor.post(f"/m/{secret.link}", {}),
        "nowhere": visitor.get("/nowhere"),
        "not found": visitor.get("/m/nothing"),
        "wrong method": visitor.ask("PUT", "/"),
        "options": visitor.ask("OPTIONS", f"/m/{sent.link}"),
        "head": visitor.ask("HEAD", f"/m/{secret.link}"),
        "redirect": visitor.get(f"/m//{secret.link}"),
        "foreign host": foreign.ask("GET", "/"),
        "foreign host, API": foreign.ask("GET", "/api/v1/link"),
        "API": api.message(sent.control) and api.preview(secret.link),
        "API, revealed": api.reveal(api.send("t").link, new_reader_key()),
        "API problem": api.preview("nothing"),
        "API nowhere": api.ask("GET", "/api/v1/nothing"),
        "API options": api.ask("OPTIONS", "/api/v1/messages", headers={"Origin": "https://e.x"}),
        "alive": api.ask("GET", "/healthz"),
        "ready": api.ask("GET", "/readyz"),
        "static": visitor.get(css),
        "static, nothing": visitor.get("/static/nothing.css"),
        "static, above": visitor.get("/static/..%2fapp.py"),
        "favicon": visitor.get("/favicon.ico"),
    }


def check_headers(name: str, answer: Answer) -> None:
    headers = answer.headers
    policy = dict(
        part.strip().partition(" ")[::2] for part in headers["Content-Security-Policy"].split(";")
    )

    assert policy["default-src"] == "'none'", name
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Robots-Tag"].startswith("noindex")
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    if name == "static":
        assert "immutable" in headers["Cache-Control"]
    else:
        assert headers["Cache-Control"] == "no-store", name
        assert not {"ETag", "Last-Modified", "Expires"} & set(headers.keys()), name
    assert ("Content-Encoding" in headers) == (name == "static"), name
    assert not [header for header in headers if header.lower().startswith("access-control-")]


def test_every_kind_of_answer_has_the_strict_headers(counting_service):
    answers = every_kind_of_answer(counting_service)

    for name, answer in answers.items():
        check_headers(name, answer)
        assert "Strict-Transport-Security" not in answer.headers
        if answer.headers.get_content_type() == "text/html":
            assert not re.search(
                r"<style|<script(?! src)|\son\w+=|\sstyle=|javascript:", answer.text
            )
    statuses = {name: answer.status for name, answer in answers.items()}
    assert {n for n, s in statuses.items() if s >= 500} == set()
    assert statuses["static"] == statuses["opened"] == statuses["done"] == 200


def test_over_tls_and_below_a_path_links_cookies_and_headers_say_so(tls_service):
    host = {"Host": "letters.example"}
    answers = every_kind_of_answer(tls_service, "letters.example")
    api, visitor = Api(tls_service.url, headers=host), Visitor(tls_service.url, host)
    sent = api.send("t")
    under_path = visitor.post("/post/", {"text": "t"})
    opened = visitor.get(f"/post/m/{sent.link}")
    cookies = [
        line
        for answer in (under_path, opened, visitor.post(f"/s/{sent.control}"))
        for line in answer.headers.get_all("Set-Cookie")
    ]

    for name, answer in answers.items():
        if answer.status != 400:
            check_headers(name, answer)
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000", name
    assert sent.answer["control_url"] == f"https://letters.example/post/s/{sent.control}"
    assert sent.answer["links"][0]["url"] == f"https://letters.example/post/m/{sent.link}"
    assert under_path.headers["Location"].startswith("/post/s/C")
    assert f'action="/post/m/{sent.link}"' in opened.text
    assert 'href="/post/static/app.css' in opened.text
    assert len(cookies) == 3
    for line in cookies:
        assert re.fullmatch(
            r"__Secure-\w+=[\w-]{32}; (Expires=[^;]+; Max-Age=(31536000|2592000); )?"
            r"Secure; HttpOnly; Path=/post; SameSite=Lax",
            line,
        ), line
    for origin, is_ours in (
        ("https://letters.example", True),
        ("http://letters.example", False),
        ("https://letters.example:8443", False),
        ("https://evil.letters.example", False),
    ):
        answer = visitor.ask("POST", "/post/", {"text": "t"}, {"Origin": origin})
        assert (answer.status == 303) == is_ours, origin


def test_cookies_are_for_this_service_and_no_script(counting_service, api):
    visitor, sent = Visitor(counting_service.url), api.send("t")
    lines = [
        visitor.get(f"/m/{sent.link}").headers["Set-Cookie"],
        visitor.post("/", {"text": "t"}).headers["Set-Cookie"],
        visitor.post(f"/s/{sent.control}").headers["Set-Cookie"],
    ]

    assert [line.partition("=")[0] for line in lines] == ["reader", "sender", "shown"]
    for line in lines:
        assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(line.split("; "))
        assert "Secure" not in line
        assert "Domain" not in line
    # Who has a cookie gets no other.
    assert "Set-Cookie" not in visitor.get(f"/m/{sent.link}").headers


@pytest.mark.parametrize(
    "cookie",
    [
        "reader=short",
        "reader=" + "é" * 32,
        "reader=../../../../../../etc/passwd1234",
        "reader=" + "A" * 33,
        "reader=" + "A" * 31 + "\x00",
        'reader="AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\\012"',
        "reader=; sender=; shown=",
        "reader",
        ";;;=;=",
        "$Version=1; reader=x",
    ],
)
def test_a_cookie_we_did_not_make_is_ignored(counting_service, api, cookie):
    sent = api.send("t")
    answer = api.ask("GET", f"/m/{sent.link}", headers={"Cookie": cookie})

    # The server itself refuses a control sign.
    assert answer.status == (400 if "\x00" in cookie else 200)
    if answer.status == 200:
        assert re.match(r"reader=[\w-]{32};", answer.headers["Set-Cookie"])


def test_cookies_and_addresses_without_end_are_refused_by_the_server(api):
    sent = api.send("t")
    cookies = api.ask("GET", f"/m/{sent.link}", headers={"Cookie": "x=" + "y" * 100_000})
    address = api.ask("GET", f"/m/{sent.link}?{'y' * 100_000}")

    assert (cookies.status, address.status) == (431, 414)
    assert sent.link not in cookies.text + address.text


def test_no_name_gets_into_a_header(counting_service, api):
    """Line breaks are refused in every field, and no field's value stands in any header."""
    for field in ("from", "subject"):
        for end in ("\r\n", "\n", "\r", "\u2028", "\x85", "\x0b"):
            body = {"text": "t", field: f"x{end}Set-Cookie: evil=1"}
            assert fields_at_fault(raw_send(api, body)) == [field]
    sent = api.send(
        "t", from_="header-marker", subject="header-marker", recipients=["header-marker"]
    )
    visitor = Visitor(counting_service.url)
    answers = [
        visitor.get(f"/m/{sent.link}"),
        visitor.post(f"/s/{sent.control}"),
        api.ask("GET", "/api/v1/message", token=sent.control),
    ]

    assert not [answer for answer in answers if "header-marker" in str(answer.headers)]
