"""The operator's name, logo and colour on every page, and what the heaviest gate weighs."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe

from restante.settings.logo import read_logo
from tests.browser import tour
from tests.core.test_logo import heaviest_png, nested
from tests.support.api import Api
from tests.support.processes import Service
from webapp.branding.brand import ALONE
from webapp.branding.colours import DARK, LIGHT, accent

OVER_THE_WIRE = 30_000
"""Bytes: heads and bodies, all requests of the gate."""
NAME = "The Courier and Evening Post of Newcastle upon Tyne, Letters"
ACCENTS = {"pale": "#ffe066", "dark": "#12307a", "middle": "#2e9e5b"}
WAX = {"light": "#a8281f", "dark": "#b9382d"}
"""Of what cannot be undone, as of the seal."""
LOGO = Path(__file__).resolve().parent.parent / "vectors" / "logo.svg"
LABEL = ("Wiadomość dla Ciebie: klucze, szyfry i wszystko, o czym mówiliśmy; " * 3)[:200]


@pytest.fixture(scope="module")
def heaviest(tmp_path_factory):
    """A service with as much of its own as an operator can give it."""
    folder = tmp_path_factory.mktemp("heaviest")
    (folder / "logo").write_bytes(heaviest_png())
    with Service(
        folder,
        RESTANTE_NAME=NAME,
        RESTANTE_LOGO=str(folder / "logo"),
        RESTANTE_ACCENT=ACCENTS["middle"],
        RESTANTE_SECOND_STEP="always",
    ) as service:
        yield service


def arrivals(page):
    """Return a list that fills with each request's address and its bytes over the wire."""
    wire = page.context.new_cdp_session(page)
    addresses, sizes = {}, []
    wire.on(
        "Network.requestWillBeSent",
        lambda e: addresses.update({e["requestId"]: e["request"]["url"]}),
    )
    wire.on(
        "Network.loadingFinished",
        lambda e: sizes.append((addresses[e["requestId"]], e["encodedDataLength"])),
    )
    wire.send("Network.enable")
    return sizes


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_the_largest_gate_page_stays_small_and_loads_nothing_from_other_hosts(
    heaviest, browser, scripts, language
):
    sent = Api(heaviest.url).send(
        "x", from_=LABEL, subject=LABEL, passphrase="a word", views=9, second_step="always"
    )
    address = sent.answer["links"][0]["url"]
    with browser.new_context(java_script_enabled=scripts, locale=language) as context:
        page = context.new_page()
        arrived = arrivals(page)
        page.goto(address)
        page.wait_for_load_state("networkidle")
        names = {urlsplit(url).path.rpartition("/")[2] for url, _ in arrived}
        weight = sum(size for _, size in arrived)
        page.get_by_label(re.compile("Enter the number|Escribe el número")).fill(
            page.locator("#wanted").inner_text()
        )
        page.locator("#passphrase").fill("a word")
        page.wait_for_timeout(tour.PATIENCE_MS)
        page.get_by_role("button", name=re.compile("^(Open the message|Abrir el mensaje)$")).click()

        assert page.locator(".letter").inner_text() == "x"

    assert {"app.css", "accent.css", "logo"} <= names
    assert ("app.js" in names) == scripts
    assert {urlsplit(url).netloc for url, _ in arrived} == {heaviest.bind}
    assert weight <= OVER_THE_WIRE, arrived


def shade(page, selector, prop):
    """Return a colour that the browser computed, as `#rrggbb`."""
    written = page.locator(selector).first.evaluate(
        "(element, prop) => getComputedStyle(element)[prop]", prop
    )
    return "#" + "".join(f"{int(part):02x}" for part in re.findall(r"\d+", written)[:3])


@pytest.fixture(scope="module", params=ACCENTS)
def branded(request, tmp_path_factory):
    """A service with a name, a logo and one of three colours; and the colour."""
    colour = ACCENTS[request.param]
    with Service(
        tmp_path_factory.mktemp("branded"),
        RESTANTE_NAME="The Courier",
        RESTANTE_LOGO=str(LOGO),
        RESTANTE_ACCENT=colour,
    ) as service:
        yield service, colour


def wait_for_style(page):
    """Do nothing until the colours of the theme have settled."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")


def test_in_the_operators_colour_everything_can_be_read_in_both_themes(branded, browser):
    service, colour = branded
    sent = Api(service.url).send("x", from_="Zoë", passphrase="a word").answer
    faults, spills = {}, []
    with browser.new_context(viewport={"width": 320, "height": 700}) as context:
        page = context.new_page()
        for address in (service.url, sent["links"][0]["url"], sent["control_url"]):
            page.goto(address)
            for theme, grounds in (("light", LIGHT), ("dark", DARK)):
                page.emulate_media(color_scheme=theme)
                wait_for_style(page)
                result = Axe().run(page)
                if result.violations_count:
                    faults[address, theme] = [v["id"] for v in result.response["violations"]]
                if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                    spills.append((address, theme))

                made = accent(colour, grounds)
                assert shade(page, ".primary", "backgroundColor") == made.plain
                assert shade(page, ".primary", "color") == made.on

    assert faults == {}
    assert spills == []


def test_the_operators_colour_makes_no_state_look_like_another(branded, service, browser):
    """The seal's wax and the red of faults are the same with and without it."""
    seen = []
    for its in (branded[0], service):
        sent = Api(its.url).send("x", passphrase="a word").answer
        with browser.new_context() as context:
            page = context.new_page()
            page.goto(sent["links"][0]["url"])
            page.locator("form#gate").evaluate("form => form.noValidate = true")
            page.wait_for_timeout(tour.PATIENCE_MS)
            page.get_by_role("button", name="Open the message").click()
            page.locator(".fault").wait_for()
            for theme in ("light", "dark"):
                page.emulate_media(color_scheme=theme)
                wait_for_style(page)
                seen.append((shade(page, "main .wax", "fill"), shade(page, ".fault", "color")))

    assert seen[:2] == seen[2:]
    assert len(set(seen)) == 2


def test_irreversible_buttons_keep_their_own_colour_under_any_brand(branded, browser):
    sent = Api(branded[0].url).send("x").answer
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(sent["control_url"])
        page.get_by_role("button", name="I am the sender").click()
        page.locator(".final").wait_for()
        for theme, wax in WAX.items():
            page.emulate_media(color_scheme=theme)
            wait_for_style(page)

            page.mouse.move(0, 0)
            assert Axe().run(page).violations_count == 0
            page.hover(".final")
            wait_for_style(page)
            assert shade(page, ".final", "backgroundColor") == wax


def test_a_visitor_sees_the_operators_name_and_the_products(branded, person):
    page = person()
    page.goto(branded[0].url)
    head = page.get_by_role("banner")

    assert head.get_by_role("link").first.inner_text().strip() == "The Courier"
    assert page.title().endswith("· The Courier")
    assert head.locator("img").get_attribute("alt") == ""
    assert head.locator("img").bounding_box()["height"] == 32
    assert head.locator("img").evaluate("image => image.naturalWidth") > 0
    assert "Restante keeps a message" in page.get_by_role("contentinfo").inner_text()


def test_a_long_name_has_room_on_a_narrow_screen(heaviest, browser):
    with browser.new_context(viewport={"width": 320, "height": 700}) as context:
        page = context.new_page()
        page.goto(heaviest.url)

        assert page.get_by_role("banner").get_by_role("link").first.inner_text().strip() == NAME
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")


ARMED = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 60 30" onload="ran('load')">
  <script>
    function ran(how) {
      document.documentElement.setAttribute("data-ran", how);
      new Image().src = "/static/stolen?" + how;
    }
    ran("script");
  </script>
  <style>@import "/static/stolen?import"; rect { fill: #2e9e5b }</style>
  <image href="/static/stolen?image" width="9" height="9"/>
  <use href="/static/stolen?use#a"/>
  <foreignObject width="9" height="9">
    <iframe xmlns="http://www.w3.org/1999/xhtml" src="/static/stolen?frame"></iframe>
  </foreignObject>
  <rect width="60" height="30"/>
</svg>"""
"""What runs and loads, in an SVG that is taken: no filter looks for it."""


@pytest.fixture(scope="module")
def armed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("armed")
    (folder / "logo").write_text(ARMED)
    with Service(folder, RESTANTE_LOGO=str(folder / "logo")) as service:
        yield service


def answers_to(page):
    """Return a list that fills with what was answered: what a policy blocks is not."""
    asked = []
    page.on("response", lambda response: asked.append(response.url))
    return asked


def opened_alone(page, address):
    """Open a picture's address; return what it was answered, and whether its script ran."""
    asked = answers_to(page)
    page.goto(address)
    page.wait_for_load_state("networkidle")
    ran = re.search(r"<svg[^>]* data-ran=", page.content()) is not None
    return {url.rpartition("?")[2] for url in asked if "stolen" in url}, ran


def test_a_logo_runs_and_loads_nothing_embedded_or_opened_directly(armed, browser):
    with browser.new_context() as context:
        page = context.new_page()
        asked = answers_to(page)
        page.goto(armed.url)
        page.wait_for_load_state("networkidle")
        picture = page.get_by_role("banner").locator("img")
        address = picture.evaluate("image => image.src")

        assert picture.evaluate("image => image.complete && image.naturalWidth") > 0
        assert not [url for url in asked if "stolen" in url]

        assert opened_alone(context.new_page(), address) == (set(), False)

        # The same without its policy runs and loads: the test would see it.
        bare = context.new_page()
        bare.route("**/static/logo*", lambda route: route.fulfill(body=ARMED, content_type=SVG))
        loaded, ran = opened_alone(bare, address)
        assert ran
        assert loaded >= {"script", "load", "image", "frame"}
        assert "sandbox" in ALONE


SVG, HTML = "image/svg+xml", "text/html"


@pytest.mark.parametrize(
    ("holder", "reference"),
    [
        ('<g id="a{}">{}</g>', '<use href="#a{}"/>'),
        ('<mask id="a{}">{}</mask>', '<rect width="9" height="9" fill="#fff" mask="url(#a{})"/>'),
        (
            '<clipPath id="a{}">{}</clipPath>',
            '<rect width="9" height="9" clip-path="url(#a{})"/>',
        ),
    ],
    ids=["use", "mask", "clip"],
)
def test_the_costliest_logo_that_is_taken_is_drawn(tmp_path, browser, holder, reference):
    """Eight levels of eight hang a browser; what is taken keeps nobody waiting."""
    size = 'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"'
    path = tmp_path / "logo"
    path.write_text(f"<svg {size}>{nested(8, 2, holder, reference)}</svg>")
    taken = read_logo(path).content
    with browser.new_context() as context:
        page = context.new_page()
        page.route("**/logo", lambda route: route.fulfill(body=taken, content_type=SVG))
        page.route("**/page", lambda route: route.fulfill(body="<img src=logo>", content_type=HTML))
        page.goto("http://letters.example/page")

        assert page.locator("img").evaluate("i => i.decode().then(() => i.naturalWidth)") > 0
        assert len(page.screenshot()) > 0
