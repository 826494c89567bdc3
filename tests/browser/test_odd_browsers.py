"""What browsers, clipboards and machines do that a page does not expect."""

import re
from contextlib import contextmanager, suppress

import pytest
from playwright.sync_api import Error, expect

from tests.browser import tour
from tests.browser.tour import LETTER, press, read
from tests.support.api import Api
from tests.support.processes import Service

KEY = "-----BEGIN KEY-----\r\nMHcC\tAQEE  \u00a0x\n\n  IGs=\n\n"
ODD_LANGUAGES = {
    "a locale of POSIX": ("C", ["C"]),
    "one with a modifier": ("en-US@posix", ["en-US@posix", "en"]),
    "an empty one": ("", [""]),
    "none": (None, None),
}
NO_CLIPBOARD = "Object.defineProperty(navigator, 'clipboard', { get: () => undefined });"
REFUSALS = {
    "the clipboard refuses": (
        "navigator.clipboard.writeText = () => Promise.reject(new DOMException('no'));"
        "document.execCommand = () => false;"
    ),
    "execCommand says false": NO_CLIPBOARD + "document.execCommand = () => false;",
    "execCommand throws": NO_CLIPBOARD + "document.execCommand = () => { throw new Error(); };",
    "execCommand is not there": NO_CLIPBOARD + "document.execCommand = undefined;",
    "nobody asks for the text": NO_CLIPBOARD + "document.execCommand = () => true;",
}


@contextmanager
def window(browser, script="", **options):
    with browser.new_context(**options) as context:
        context.set_default_timeout(10_000)
        page = context.new_page()
        if script:
            page.add_init_script(script)
        yield page


def sent_by(service, text=LETTER, **fields):
    sent = Api(service.url).send(text, **fields)
    return sent, sent.answer["links"][0]["url"]


def opened(page, address, passphrase=None):
    read(page, address, passphrase)
    expect(page.locator("#letter")).to_be_visible()


def state_of(service, sent):
    return Api(service.url).message(sent.control)


def pasted(page):
    """Return what a program gets that pastes now."""
    page.evaluate("""() => {
        const field = document.createElement("textarea");
        field.id = "pasted";
        document.body.append(field);
        field.focus();
        field.addEventListener("paste", (event) => {
          field.dataset.text = event.clipboardData.getData("text/plain");
        });
    }""")
    page.keyboard.press("Control+V")
    return page.locator("#pasted").get_attribute("data-text")


@pytest.mark.parametrize(("language", "languages"), ODD_LANGUAGES.values(), ids=ODD_LANGUAGES)
def test_an_odd_language_stops_no_script(service, browser, language, languages):
    odd = f"""
        Object.defineProperty(navigator, "language", {{ get: () => ({language!r})}});
        Object.defineProperty(navigator, "languages", {{ get: () => ({languages!r})}});
    """.replace("None", "undefined")
    sent, address = sent_by(service)
    with window(browser, odd) as page:
        opened(page, address)
        expect(page.get_by_role("button", name="Copy the text")).to_be_visible()
        expect(page.locator(".actions .remaining")).to_have_text(re.compile(r"^\d:\d\d$"))
        page.wait_for_timeout(300)
        arrived = state_of(service, sent)["links"][0]["acknowledged_at"]
        page.goto(service.url)
        page.get_by_label("Message", exact=True).fill("once")
        posts = []
        page.on("request", lambda request: posts.append(request.method))
        page.get_by_role("button", name="Create link").dblclick()
        expect(page.get_by_role("button", name="Copy link")).to_be_visible()

    assert arrived
    assert posts.count("POST") == 1


@pytest.mark.parametrize(
    "broken", ["Intl.DateTimeFormat", "Intl.getCanonicalLocales", "sessionStorage.setItem"]
)
def test_each_feature_fails_alone(service, browser, broken):
    _, address = sent_by(service)
    with window(browser, f"{broken} = () => {{ throw new Error('broken'); }};") as page:
        opened(page, address)

        expect(page.get_by_role("button", name="Copy the text")).to_be_visible()
        expect(page.locator(".actions .remaining")).to_have_text(re.compile(r"^\d:\d\d$"))


def test_time_that_stood_still_is_counted_when_the_page_wakes(service, browser):
    """A machine slept: timers did not run, and `performance.now` did not either."""
    sleep = "window.slept = 0; const real = Date.now; Date.now = () => real() + slept;"
    _, address = sent_by(service)
    with window(browser, sleep) as page:
        opened(page, address)
        expect(page.locator(".actions .remaining")).to_have_text(re.compile(r"^1:\d\d$"))
        page.evaluate("slept = 30000; dispatchEvent(new Event('focus'));")
        expect(page.locator(".actions .remaining")).to_have_text(re.compile(r"^1:[0-2]\d$"))
        page.evaluate("slept = 200000; document.dispatchEvent(new Event('visibilitychange'));")

        expect(page.locator(".actions [data-countdown]")).to_contain_text("can no longer be shown")
        expect(page.get_by_role("button", name="Save as .txt")).to_be_hidden()
        expect(page.locator("#letter")).to_contain_text("4711")


STAYS = "The text stays here, and you can copy it."
BUTTONS = ["Save as .txt", "Keep it readable for 10 minutes", "I have read this"]


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
@pytest.mark.parametrize("name", BUTTONS)
def test_a_button_that_fails_leaves_the_text_where_it_is(service, browser, name, scripts):
    sent, address = sent_by(service)
    with window(browser, java_script_enabled=scripts) as page:
        opened(page, address)
        if name == "I have read this":
            with (
                page.context.expect_event("request", lambda _: True)
                if False
                else _offline(page, scripts)
            ):
                page.get_by_role("button", name=name).click()
                page.wait_for_timeout(300)
        else:
            Api(service.url).recall(sent.control)
            page.get_by_role("button", name=name).click()
            page.wait_for_timeout(300)
        expect(page.locator("#letter")).to_contain_text("4711")
        if scripts:
            expect(page.locator("#said")).to_have_class("fault")
            expect(page.locator("#said")).to_contain_text(
                "The text stays here, and you can copy it."
            )
            assert len(page.context.pages) == 1


@contextmanager
def _offline(page, scripts):
    if scripts:
        page.context.set_offline(True)
    yield
    page.context.set_offline(False)


@pytest.mark.parametrize("passphrase", [None, "blue tin"])
def test_a_text_is_saved_in_place_byte_for_byte(service, browser, passphrase):
    protected = {"passphrase": passphrase} if passphrase else {}
    _, address = sent_by(service, KEY + "\0", **protected)
    with window(browser) as page:
        opened(page, address, passphrase)
        if passphrase:
            page.locator("summary").click()
            page.get_by_label("Passphrase").fill("red tin")
            page.get_by_role("button", name="Save as .txt").click()
            expect(page.locator("#said")).to_have_text(
                "That passphrase is not right. The text stays here."
            )
            page.get_by_label("Passphrase").fill(passphrase)
        with page.expect_download() as download:
            page.get_by_role("button", name="Save as .txt").click()
        saved = download.value.path().read_bytes()

        expect(page.locator("#letter")).to_contain_text("BEGIN KEY")
    assert saved == (KEY + "\0").encode()
    assert download.value.suggested_filename == "message.txt"


@pytest.mark.parametrize("script", REFUSALS.values(), ids=REFUSALS)
def test_copied_is_said_only_where_it_was(service, browser, script):
    _, address = sent_by(service)
    with window(browser, script) as page:
        opened(page, address)
        press(page, "Copy the text")
        expect(page.locator(".copy .fault")).to_contain_text("press Ctrl+C")
        selected = page.evaluate("getSelection().toString().trim()")

        expect(page.get_by_role("button", name="Copied")).to_have_count(0)
    assert selected.startswith("Dear Ana,")
    assert selected.endswith("Zo\u00eb")


def test_a_link_that_was_not_copied_is_selected(service, browser):
    with window(browser, REFUSALS["execCommand says false"]) as page:
        page.goto(service.url)
        page.get_by_label("Message", exact=True).fill("x")
        press(page, "Create link")
        press(page, "Copy link")

        expect(page.locator(".copy .fault")).to_contain_text("press Ctrl+C")
        assert re.fullmatch(
            r"http://\S+/m/L[\w-]{34}", page.evaluate("getSelection().toString().trim()")
        )


TRANSLATED = """
  for (const node of [document.querySelector("#letter").firstChild]) {
    const font = document.createElement("font");
    font.textContent = "TRADUCIDO " + node.textContent.toUpperCase();
    node.replaceWith(font);
  }
"""


@pytest.mark.parametrize("way", ["clipboard", "execCommand", "by hand"])
def test_a_copy_is_the_text_itself_whatever_a_translator_made_of_the_page(service, browser, way):
    script = NO_CLIPBOARD if way == "execCommand" else ""
    _, address = sent_by(service, KEY)
    allowed = ["clipboard-read", "clipboard-write"]
    with window(browser, script, permissions=allowed) as page:
        opened(page, address)
        page.evaluate(TRANSLATED)
        if way == "by hand":
            page.evaluate("getSelection().selectAllChildren(document.getElementById('letter'))")
            page.keyboard.press("Control+C")
        else:
            press(page, "Copy the text")
            expect(page.get_by_role("button", name="Copied")).to_be_visible()

        assert pasted(page) == KEY


def test_a_part_that_is_copied_by_hand_is_as_it_was_sent(service, browser):
    _, address = sent_by(service, "one\u00a0two\tthree  \nfour")
    with window(browser, permissions=["clipboard-read", "clipboard-write"]) as page:
        opened(page, address)
        page.evaluate("""() => {
            const [node] = document.getElementById("letter").childNodes;
            getSelection().setBaseAndExtent(node, 4, node, node.length - 2);
        }""")
        page.keyboard.press("Control+C")

        assert pasted(page) == "two\tthree  \nfo"


@pytest.fixture(scope="module")
def plain(tmp_path_factory, launch, light_chromium_path):
    """Return a service on plain http below a name, no secure context, and a browser for it."""
    folder = tmp_path_factory.mktemp("plain")
    with Service(folder, RESTANTE_PUBLIC_URL="http://plain.example") as service:
        browser = launch(light_chromium_path, "--host-resolver-rules=MAP plain.example 127.0.0.1")
        yield service, browser, f"http://plain.example:{service.bind.rpartition(':')[2]}"


def test_without_a_secure_context_it_is_copied_whole_and_saved(plain):
    service, browser, url = plain
    sent = Api(service.url, headers={"Host": "plain.example"}).send(KEY)
    with window(browser) as page:
        opened(page, f"{url}/m/{sent.link}")
        assert page.evaluate("isSecureContext") is False
        press(page, "Copy the text")
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        copied = pasted(page)
        with page.expect_download() as download:
            press(page, "Save as .txt")

        assert copied == KEY
        assert download.value.path().read_bytes() == KEY.encode()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_the_way_back_after_sending_leads_to_an_empty_form(service, browser, scripts):
    with window(browser, java_script_enabled=scripts) as page:
        page.goto(service.url)
        page.get_by_label("Message", exact=True).fill("the safe is behind the Vermeer")
        tour.unfold(page)
        page.get_by_label("Passphrase").fill("blue tin")
        page.get_by_label("Subject").fill("The safe")
        press(page, "Create link")
        expect(page.locator("h1")).to_be_visible()
        page.go_back()

        expect(page.get_by_label("Message", exact=True)).to_have_value("")
        tour.unfold(page)
        expect(page.get_by_label("Passphrase")).to_have_value("")


def test_offline_nothing_is_sent_and_nothing_is_lost(service, browser):
    with window(browser) as page:
        page.goto(service.url)
        page.get_by_label("Message", exact=True).fill("kept")
        page.context.set_offline(True)
        press(page, "Create link")
        expect(page.get_by_role("alert")).to_contain_text("You are offline.")
        expect(page.get_by_label("Message", exact=True)).to_have_value("kept")
        page.context.set_offline(False)
        press(page, "Create link")

        expect(page.get_by_role("button", name="Copy link")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_no_way_back_forward_or_again_shows_a_text_that_was_destroyed(service, browser, scripts):
    sent, address = sent_by(service)
    with window(browser, java_script_enabled=scripts) as page:
        opened(page, address)
        page.goto(service.url)
        Api(service.url).recall(sent.control)
        for move in (page.go_back, page.go_forward, page.go_back, page.reload):
            # Going back to the answer of a form, a browser may ask whether to send it again.
            with suppress(Error):
                move()
            expect(page.locator("body")).not_to_contain_text("4711")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_no_browser_offers_to_save_what_is_typed_once(service, browser, scripts):
    _, address = sent_by(service, passphrase="blue tin")
    with window(browser, java_script_enabled=scripts) as page:
        page.goto(address)
        field = page.get_by_label("Passphrase")
        masked = (
            field.evaluate("(e) => getComputedStyle(e).webkitTextSecurity") if scripts else "disc"
        )

        expect(field).to_have_attribute("autocomplete", "off")
        assert page.locator("[type=password]").count() == 0
        assert masked == "disc"


def test_each_paragraph_has_its_own_direction(service, browser):
    text = "\u05e9\u05dc\u05d5\u05dd\nsecond line\n\u0645\u0631\u062d\u0628\u0627\nlast"
    _, address = sent_by(service, text)
    with window(browser, viewport={"width": 800, "height": 900}) as page:
        opened(page, address)
        sides = page.evaluate("""() => {
            const letter = document.getElementById("letter"), [node] = letter.childNodes;
            const box = letter.getBoundingClientRect(), range = document.createRange();
            let at = 0;
            return node.data.split("\\n").map((line) => {
              range.setStart(node, at);
              range.setEnd(node, at + line.length);
              at += line.length + 1;
              const { left, right } = range.getBoundingClientRect();
              return left - box.left < box.right - right ? "left" : "right";
            });
        }""")

    assert sides == ["right", "left", "right", "left"]


@pytest.mark.parametrize(("text", "words"), [
    ("a\0b\x07c\x1b", "3 characters cannot be shown"), ("x\x7f", "One character cannot be shown"),
    ("a\tb\r\nc\n", None),
])  # fmt: skip
def test_characters_that_no_page_shows_are_counted(service, browser, text, words):
    _, address = sent_by(service, text)
    with window(browser) as page:
        opened(page, address)

        if words:
            expect(page.locator(".notice")).to_contain_text(words)
        else:
            expect(page.locator(".notice")).to_have_count(0)


def test_letters_of_one_width_are_chosen_once_on_a_device(service, browser):
    with window(browser) as page:
        opened(page, sent_by(service, "Il1 O0 " + "x" * 400)[1])
        narrow = page.evaluate("document.getElementById('letter').scrollWidth")
        press(page, "Monospace letters")
        press(page, "Do not wrap lines")
        expect(page.get_by_role("button", name="Monospace letters")).to_have_attribute(
            "aria-pressed", "true"
        )
        wide = page.evaluate("document.getElementById('letter').scrollWidth")
        opened(page, sent_by(service)[1])

        expect(page.locator("#letter")).to_have_class("letter mono unwrapped")
        assert "mono" in page.evaluate(
            "getComputedStyle(document.getElementById('letter')).fontFamily"
        )
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert wide > narrow


HOSTILE = {
    "no blank": "W" * 200,
    "marks": "Z\u0351\u0353\u0355\u0321\u0336\u0348" * 28,
    "right to left": "\u05d0" * 100 + "W" * 100,
    "wide": "\ufdfd" * 60,
    "words that do not break": "\u00a0".join(["Wildenbruch"] * 16),
}


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_no_name_makes_a_page_wider_than_a_small_window(service, browser, name):
    api = Api(service.url)
    sent = api.send("x" * 300, recipients=[name, "Ana"], **{"from": name, "subject": name})
    links = [link["url"] for link in sent.answer["links"]]
    with window(browser, viewport={"width": 320, "height": 700}) as page:

        def fits():
            too_wide = page.evaluate("""() => [...document.querySelectorAll("body *")]
                .filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
                .filter((e) => !e.closest(".unseen, svg")).map((e) => e.outerHTML.slice(0, 80))""")
            assert page.evaluate("document.documentElement.scrollWidth") <= 320, too_wide

        page.goto(links[0])
        fits()
        page.goto(sent.answer["control_url"])
        press(page, "I am the sender: go on")
        expect(page.locator(".links")).to_be_visible()
        fits()
        opened(page, links[0])
        fits()
        page.goto(links[0] + "/recorded")
        fits()
        api.recall(sent.control, reason=name)
        page.goto(links[1])
        fits()
        page.goto(sent.answer["control_url"])
        fits()


def test_what_people_wrote_is_not_translated(service, browser):
    sent = Api(service.url).send("x", recipients=["Ana"], **{"from": "Zo\u00eb", "subject": "Safe"})
    with window(browser) as page:
        address = sent.answer["links"][0]["url"]
        for place in (address, sent.answer["control_url"]):
            page.goto(place)
            if "I am the sender" in page.content():
                press(page, "I am the sender: go on")
                expect(page.locator(".links")).to_be_visible()
            open_to_it = page.locator("bdi, code, .letter, .number").evaluate_all(
                "(all) => all.filter((e) => e.translate).map((e) => e.textContent)"
            )
            assert [text for text in open_to_it if text != "Restante"] == []
        opened(page, address)

        assert page.locator("#letter").evaluate("(e) => e.translate") is False


def test_a_text_that_is_too_long_is_not_even_sent_and_stays_whole(service, browser):
    """SETTINGS allow 20,000 bytes; the service would give it back without its end."""
    text = "\u00e9" * 10_001
    with window(browser) as page:
        page.goto(service.url)
        page.get_by_label("Message", exact=True).fill(text)
        press(page, "Create link")
        expect(page.get_by_role("alert")).to_have_text("This text is too long to send.")
        expect(page.get_by_label("Message", exact=True)).to_have_value(text)
        page.get_by_label("Message", exact=True).fill(text[1:])
        press(page, "Create link")

        expect(page.get_by_role("button", name="Copy link")).to_be_visible()
