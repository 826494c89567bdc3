"""Another site in the same browser, over plain http, where none says where forms come from."""

import json
import threading
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.api import Api, Visitor, filled, form_of
from tests.browser.conftest import learn
from tests.processes import Service, free_port

LETTERS, EVIL = "letters.example", "evil.example"
TEXT = "the whole letter"


@pytest.fixture(scope="module")
def browser(launch, light_chromium_path):
    """One for which both names lead to this machine; neither is a secure context."""
    return launch(light_chromium_path, "--host-resolver-rules=MAP *.example 127.0.0.1")


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    port = free_port()
    with Service(
        tmp_path_factory.mktemp("plain"),
        RESTANTE_BIND=f"127.0.0.1:{port}",
        RESTANTE_PUBLIC_URL=f"http://{LETTERS}:{port}",
    ) as service:
        service.url = f"http://127.0.0.1:{port}"
        service.host = f"{LETTERS}:{port}"
        service.public = f"http://{service.host}"
        yield service


@pytest.fixture
def evil():
    """A site that has its visitors' browsers submit a form of its own making."""
    pages = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            page = pages.get(self.path, "").encode()
            self.send_response(200 if page else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()

    def submits(to, fields):
        inputs = "".join(
            f'<input name="{escape(name)}" value="{escape(value)}">'
            for name, value in fields.items()
        )
        pages["/"] = (
            '<!doctype html><meta name="referrer" content="no-referrer">'
            f'<form method="post" action="{to}">{inputs}</form>'
            "<script>document.forms[0].submit()</script>"
        )
        return f"http://{EVIL}:{server.server_address[1]}/"

    yield submits
    server.shutdown()
    server.server_close()


@pytest.fixture
def victim(browser):
    context = browser.new_context()
    context.set_default_timeout(10_000)
    context.on("request", learn)
    yield context
    context.close()


def test_no_form_of_another_site_plants_a_reader(service, evil, victim):
    sent = Api(service.url, headers={"Host": service.host}).send(TEXT)
    path = f"/m/{sent.link}"
    maker = Visitor(service.url, {"Host": service.host}, is_silent=True)
    form = form_of(maker.get(path), sent.link)
    maker.cookies.clear()
    planted = filled(maker.ask("POST", path, form, {"Origin": "null"}), sent.link)
    page = victim.new_page()
    page.goto(service.public + path)
    before = victim.cookies()
    with page.expect_request(lambda request: request.method == "POST") as posted:
        page.goto(evil(service.public + path, planted))
    page.wait_for_url(f"**{path}")
    said = posted.value.all_headers()
    seconds = [
        Api(service.url, headers={"Host": service.host}).reveal(
            sent.link, f"{planted['reader']}.{number}"
        )
        for number in range(5)
    ]

    # Who comes over plain http from another site says no more than who comes from our page.
    assert "sec-fetch-site" not in said
    assert said["origin"] == "null"
    assert victim.cookies() == before
    # The browser's address is the maker's here; at the worst the view is spent, and nobody else's.
    assert TEXT not in json.dumps([second.json for second in seconds])


def test_another_site_sends_nothing_over_plain_http(service, evil, victim):
    page = victim.new_page()
    page.goto(service.public)
    before = victim.cookies()
    page.goto(evil(f"{service.public}/", {"text": "not by the victim"}))
    page.wait_for_url(f"{service.public}/")

    assert "Nothing says that this form came from this page" in page.content()
    assert victim.cookies() == before
    # The answer to another site was made without cookies; the next page knows them.
    for _ in range(2):
        with page.expect_navigation():
            page.get_by_role("button", name="get the link").click()
    page.wait_for_url("**/s/*")
    assert {"sender"} <= {cookie["name"] for cookie in victim.cookies()}
