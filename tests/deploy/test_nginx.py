"""nginx in front, run for real by the file that is shipped."""

import base64
import hashlib
import re
import socket
import ssl
from contextlib import suppress

import pytest
from playwright.sync_api import sync_playwright

from tests.browser import tour
from tests.deploy.visits import LIMIT, TEXT, journey
from tests.support.api import Api, new_reader_key
from webapp.http.request_size import BODY_MAX, SMALL_MAX

NGINX_MAX = 7 * 1024 * 1024


def test_a_message_is_sent_and_opened_over_tls(nginx, address):
    pages = journey(nginx.visitor(address), "/")

    assert [page.status for page in pages] == [303, 200, 200, 200]
    assert TEXT in pages[-1].text
    assert all(page.headers["Strict-Transport-Security"] for page in pages)
    cookies = [c for page in pages for c in page.headers.get_all("Set-Cookie", [])]
    assert cookies
    assert all({"Secure", "HttpOnly", "SameSite=Lax"} <= set(c.split("; ")) for c in cookies)
    assert all(c.startswith("__Host-") for c in cookies)


def test_a_real_browser_speaks_http_2_with_it(nginx, chromium_path):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=tour.CHROMIUM_ARGS)
        page = browser.new_context(ignore_https_errors=True).new_page()
        page.goto(nginx.public_url)
        page.get_by_label("Message", exact=True).fill(tour.LETTER)
        tour.press(page, "Create link")
        link = (
            page.locator("code").first.inner_text().replace("https://localhost", nginx.public_url)
        )
        spoken = page.evaluate("performance.getEntriesByType('navigation')[0].nextHopProtocol")
        reader = browser.new_context(ignore_https_errors=True).new_page()
        tour.read(reader, link)
        shown = reader.locator("#letter").inner_text()
        browser.close()

    assert spoken == "h2"
    assert shown.strip() == tour.LETTER.strip()


def test_the_visitors_own_address_is_the_evidence(nginx):
    api = nginx.api("127.200.3.4", **{"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=1.2.3.4"})
    sent = api.send(TEXT)
    api.reveal(sent.link, new_reader_key())
    event = next(e for e in api.message(sent.control)["events"] if e["type"] == "link.revealed")

    assert event["evidence"]["network"] == "127.200.3.0/24"


def test_each_address_has_a_limit_of_its_own_and_forging_gains_nothing(nginx, address):
    other = address.replace(".0.5", ".0.6")
    sent = nginx.api(other).send(TEXT)
    asked = [
        nginx.api(address, **{"X-Forwarded-For": f"203.0.113.{n}"}).preview(sent.link).status
        for n in range(LIMIT + 1)
    ]

    assert asked == [200] * LIMIT + [429]
    assert nginx.api(other).preview(sent.link).status == 200


def test_a_429_reaches_the_visitor_as_our_own_page(nginx, address):
    visitor = nginx.visitor(address)
    pages = [visitor.get("/m/Lnothing") for _ in range(LIMIT + 1)]
    problem = nginx.api(address).preview("Lnothing")

    assert pages[-1].status == 429
    assert "Too many requests from your network." in pages[-1].text
    assert pages[-1].headers["Retry-After"] == "60"
    assert pages[-1].headers["Content-Security-Policy"]
    assert (problem.status, problem.code) == (429, "rate-limited")


def test_a_text_of_six_byte_escapes_passes(nginx, address):
    body = b'{"text": "' + b"\\u0001" * (1024 * 1024) + b'"}'
    sent = nginx.api(address).ask("POST", "/api/v1/messages", body)
    read = nginx.api(address).reveal(sent.json["links"][0]["token"], new_reader_key())

    assert len(body) < BODY_MAX
    assert read.json["text"] == "\x01" * (1024 * 1024)


@pytest.mark.parametrize(
    ("path", "size"),
    [
        ("/", BODY_MAX + 1),
        ("/", NGINX_MAX + 1),
        ("/", 50 * 1024 * 1024),
        ("/m/Lnothing", SMALL_MAX + 1),
        ("/api/v1/messages", BODY_MAX + 1),
        ("/api/v1/messages", NGINX_MAX + 1),
        ("/api/v1/link/reveal", SMALL_MAX + 1),
    ],
)
def test_what_is_too_large_is_refused_in_our_words(nginx, address, path, size):
    answers = [nginx.api(address).ask("POST", path, b"x" * size) for _ in range(3)]

    assert {answer.status for answer in answers} == {413}
    for answer in answers:
        if path.startswith("/api/"):
            assert answer.code == "too-large"
        else:
            assert "That is too much to send at once." in answer.text
            assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert answer.headers["Cache-Control"] == "no-store"


def test_the_page_of_nginx_shows_itself_and_nothing_else(nginx, address):
    """Its style is the one its policy allows."""
    page = nginx.api(address).ask("POST", "/", b"x" * (NGINX_MAX + 1))
    style = re.search(r"<style>(.*?)</style>", page.text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    assert f"style-src 'sha256-{digest}'" in page.headers["Content-Security-Policy"]
    assert "nginx" not in page.text.lower()
    assert page.headers["Server"] == "nginx"  # without its version


def test_a_head_that_makes_no_sense_gets_our_page(nginx, address):
    answer = nginx.api(address).ask("GET", "/", headers={"X-Long": "x" * 40_000})

    assert answer.status == 400
    assert "The service did not understand that." in answer.text


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("FOO1 /m/Lx HTTP/1.1", 400),
        ("GET /m/%00 HTTP/1.1", 400),
        ("no request at all", 400),
        ("GET /" + "x" * 10_000 + " HTTP/1.1", 414),
    ],
    ids=["method", "nul", "garbage", "long"],
)
def test_a_line_that_makes_no_sense_gets_our_page(nginx, line, status):
    context = ssl.create_default_context(cafile=nginx.identity.certificate)
    answer = b""
    with (
        socket.create_connection(("127.0.0.1", nginx.port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as tls,
        suppress(ConnectionResetError, ssl.SSLError),
    ):
        tls.sendall(f"{line}\r\nHost: localhost\r\n\r\n".encode())
        while some := tls.recv(65_536):
            answer += some

    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"The service did not understand that." in answer
    assert b"Cache-Control: no-store" in answer


@pytest.mark.parametrize("page", ["page", "problem"])
def test_nobody_asks_for_the_pages_of_nginx_by_their_own_address(nginx, address, page):
    assert nginx.api(address).ask("GET", f"/.restante-refused/{page}").status == 404


def test_a_foreign_host_is_refused(nginx, address):
    answer = nginx.api(address).ask("GET", "/", headers={"Host": "evil.example"})

    assert answer.status == 400


def test_plain_http_leads_to_https_and_to_our_name_only(nginx):
    plain = Api(f"http://127.0.0.1:{nginx.plain_port}")
    answer = plain.ask("GET", "/m/Lsecret?x=1", headers={"Host": "evil.example"})

    assert answer.status == 308
    assert answer.headers["Location"] == f"{nginx.public_url}/m/Lsecret?x=1"


def test_nothing_is_compressed_or_cached(nginx, address):
    answer = nginx.api(address).ask("GET", "/", headers={"Accept-Encoding": "gzip, br"})

    assert answer.headers["Content-Encoding"] is None
    assert answer.headers["Cache-Control"] == "no-store"
