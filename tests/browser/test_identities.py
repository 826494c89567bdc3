"""A page of another site in a real browser: what its forms can do here, and what they cannot.

Over plain http to a name the browser says nothing of where a form comes from; to the machine
itself it does.
"""

import html
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser import tour
from tests.browser.conftest import learn
from tests.support import canaries
from tests.support.api import Api, Visitor, filled, form_of
from tests.support.operators import admission_of
from tests.support.processes import Service

TEXT = "the safe is behind the Vermeer"
NAMES = "--host-resolver-rules=MAP *.test 127.0.0.1"
UNTOLD = "Your browser did not say"


@dataclass
class OtherSite:
    """Serves one page with a form, which sends itself to wherever it is told."""

    port: int
    action: str = ""
    fields: tuple[tuple[str, str], ...] = ()

    @property
    def page(self):
        inputs = "".join(
            f'<input type="hidden" name="{name}" value="{html.escape(value)}">'
            for name, value in self.fields
        )
        return f'<form method="post" action="{html.escape(self.action)}">{inputs}</form>'


@pytest.fixture(scope="module")
def other_site():
    site = OtherSite(0)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            page = site.page.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(page)))
            # So its forms come with Origin: null, as ours do.
            self.send_header("Referrer-Policy", "no-referrer")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_):
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        site.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield site
        server.shutdown()
        thread.join()


@dataclass
class Place:
    """Where the service is for the browser, and where the other site."""

    url: str
    other: str
    reach: str
    says: bool
    service: Service

    def api(self):
        return Api(self.reach, headers=self._host)

    def stranger(self):
        """Another browser, which the one who made the page sits at."""
        return Visitor(self.reach, self._host, is_silent=True)

    @property
    def _host(self):
        return {"Host": urlsplit(self.url).netloc}


@pytest.fixture(scope="module", params=["silent", "telling"])
def place(request, tmp_path_factory, other_site):
    """The service at a name over plain http, or at the machine itself, with senders' tokens."""
    says = request.param == "telling"
    host, other = ("127.0.0.1", "localhost") if says else ("restante.test", "other.test")
    folder = tmp_path_factory.mktemp("places")
    service = Service(folder, RESTANTE_SENDERS="tokens, 127.0.0.1/32")
    url = service.env["RESTANTE_PUBLIC_URL"] = service.url.replace("127.0.0.1", host)
    with service:
        yield Place(url, f"http://{other}:{other_site.port}", service.url, says, service)


@pytest.fixture(scope="module")
def browser(launch, light_chromium_path):
    """One for which the names lead to this machine; neither is a secure context."""
    return launch(light_chromium_path, NAMES)


@pytest.fixture
def victim(browser):
    context = browser.new_context()
    context.set_default_timeout(10_000)
    context.on("request", learn)
    yield context.new_page()
    context.close()


def jar(page, place):
    """Return the browser's cookies of the service."""
    return {cookie["name"]: cookie["value"] for cookie in page.context.cookies(place.url)}


def send_from(page, place, other_site, path, fields):
    """Have the other site's page send its form; return nothing but what the browser shows."""
    canaries.learn_form(fields)
    other_site.action, other_site.fields = f"{place.url}{path}", tuple(fields.items())
    page.goto(place.other)
    with (
        page.expect_request(lambda request: request.method == "POST") as posted,
        page.expect_navigation(),
    ):
        page.evaluate("document.forms[0].submit()")
    said = posted.value.all_headers()

    # Over plain http another site's form says no more than one of our own page.
    assert page.url.startswith(place.url)
    assert said["origin"] == "null"
    assert said.get("sec-fetch-site") == ("cross-site" if place.says else None)


def planted(place, link):
    """Return a form that opens a link at one press, with a reader that its maker knows."""
    maker, path = place.stranger(), f"/m/{link}"
    form = form_of(maker.get(path), link)
    maker.cookies.clear()
    return filled(maker.ask("POST", path, form, {"Origin": "null"}), link)


def test_a_planted_reader_is_kept_by_no_browser_and_reads_nothing(place, victim, other_site):
    """The attacker has the same IP address: the best case for the attack."""
    mine, sent = place.api().send("my own letter"), place.api().send(TEXT)
    victim.goto(f"{place.url}/m/{mine.link}")
    victim.wait_for_timeout(tour.PATIENCE_MS)
    tour.press(victim, "Open the message")
    expect(victim.locator("#letter")).to_contain_text("my own letter")
    known, form = jar(victim, place), planted(place, sent.link)
    send_from(victim, place, other_site, f"/m/{sent.link}", form)

    assert jar(victim, place) == known
    reader_keys = [f"{form['reader']}.{ordinal}" for ordinal in range(4)]
    if place.says:
        # Nothing was opened; nor is it when the page is loaded again.
        expect(victim.locator("#letter")).to_have_count(0)
        victim.reload()
        expect(victim.locator("#letter")).to_have_count(0)
        assert place.api().message(sent.control)["links"][0]["reveals"] == 0
    else:
        assert {place.api().reveal(sent.link, reader_key).code for reader_key in reader_keys} == {
            "gone"
        }
    # And who the browser was, it is.
    victim.goto(f"{place.url}/m/{mine.link}")
    expect(victim.locator("h1")).to_contain_text("You opened this message")


def test_a_browser_without_any_cookie_is_given_none_by_another_site(place, victim, other_site):
    sent = place.api().send(TEXT)
    send_from(victim, place, other_site, f"/m/{sent.link}", planted(place, sent.link))

    assert jar(victim, place) == {}
    expect(victim.locator("main")).to_be_visible()


def test_another_site_sends_nothing_and_replaces_no_sender(place, victim, other_site):
    victim.goto(place.url)
    victim.get_by_label("Message", exact=True).fill(tour.LETTER)
    tour.press(victim, "Create link")
    expect(victim.locator("h1")).to_contain_text("Nobody")
    known = jar(victim, place)
    assert "sender" in known
    theirs = form_of(place.stranger().get("/"), "/").get("csrf", "") + "x"
    for token in ({}, {"csrf": theirs}):
        form = {"text": "not mine", "subject": "nor this", "permit": "S" + "B" * 32} | token
        send_from(victim, place, other_site, "/", form)

        if place.says:
            expect(victim.locator("h1")).to_contain_text("Another site sent this")
            expect(victim.get_by_text("not mine")).to_have_count(0)
        else:
            expect(victim.locator("h2").first).to_contain_text(UNTOLD)
            expect(victim.get_by_label("Message", exact=True)).to_have_value("not mine")
            expect(victim.get_by_label("Your token")).to_have_value("")
        assert jar(victim, place) == known
    if place.says:
        victim.goto(place.url)
        victim.get_by_label("Message", exact=True).fill(tour.LETTER)
    # What the visitor looked through and sends all the same goes out in the visitor's own name.
    for _ in range(1 if place.says else 2):
        with victim.expect_navigation():
            tour.press(victim, "Create link")
    expect(victim.locator("h1")).to_contain_text("Nobody")
    assert jar(victim, place)["sender"] == known["sender"]


def test_another_site_has_the_browser_keep_no_permit_language_or_warning(place, victim, other_site):
    with admission_of(place.service) as admission:
        mine, theirs = (str(admission.make(f"{n}{place.says}")) for n in ("mine", "theirs"))
    sent = place.api().send(TEXT)
    victim.goto(place.url)
    victim.context.add_cookies(
        [{"name": "permit", "value": mine, "url": place.url, "sameSite": "Lax"}]
    )
    canaries.learn("permit", mine)
    known = jar(victim, place)
    for path, form in (
        ("/permit", {"permit": theirs}),
        ("/permit/forget", {}),
        ("/?language=es", {"text": "not mine"}),
        (f"/s/{sent.control}", {}),
        (f"/s/{sent.control}/recall", {}),
        (f"/m/{sent.link}/decline", {"ticket": "x"}),
        (f"/m/{sent.link}/code", {"ticket": "x"}),
        (f"/m/{sent.link}?language=es", {"ticket": "x"}),
    ):
        send_from(victim, place, other_site, path, form)

        assert jar(victim, place) == known, path
    assert place.api().message(sent.control)["links"][0]["state"] == "sealed"


def test_a_person_writes_reads_and_recalls_and_is_asked_nothing_twice(place, victim):
    victim.goto(place.url)
    tour.press(victim, "Español")
    expect(victim.locator("html")).to_have_attribute("lang", "es")
    victim.goto(place.url)
    tour.press(victim, "English")
    victim.get_by_label("Message", exact=True).fill(TEXT)
    tour.unfold(victim)
    victim.get_by_label("Names or addresses").fill("Ana\nBen")
    tour.press(victim, "Create link")
    links = [code.inner_text() for code in victim.locator("code").all()[:2]]
    expect(victim.locator("h1")).to_contain_text("Nobody")
    control = victim.url
    victim.goto(links[0])
    victim.wait_for_timeout(tour.PATIENCE_MS)
    tour.press(victim, "Open the message")
    expect(victim.locator("#letter")).to_have_text(TEXT)
    victim.goto(control)
    victim.get_by_label("Reason").fill("a mistake")
    victim.locator("#recalling button").click()

    expect(victim.locator("main")).to_contain_text("a mistake")
    assert ("form" in jar(victim, place)) != place.says
