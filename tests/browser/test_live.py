"""The control page follows what happens: without a reload, and under no pointer."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import learn
from tests.browser.test_journeys import letter_on, write
from tests.browser.tour import press, read, send

SOON_MS = 3_000
HIDE = """(state) => {
  Object.defineProperty(document, "visibilityState", { get: () => state, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
PLACE = "(e) => { const { x, y } = e.getBoundingClientRect(); return [x, y]; }"


@pytest.fixture
def people(browser):
    """Open windows of people with scripts; each notes what it asked."""
    contexts = []

    def open_window(**options):
        context = browser.new_context(**options)
        context.set_default_timeout(10_000)
        context.on("request", learn)
        contexts.append(context)
        page = context.new_page()
        page.asked = []
        page.on("request", lambda request: page.asked.append(urlsplit(request.url).path))
        return page

    yield open_window
    for context in contexts:
        context.close()


def let_pass(page, seconds, step=2):
    """Turn the page's clock; after each step the answers arrive."""
    for _ in range(seconds // step):
        page.clock.run_for(step * 1_000)
        page.wait_for_timeout(20)


def questions(page):
    return sum(path.endswith("/changes") for path in page.asked)


@pytest.mark.parametrize("width", [375, 1280])
def test_what_was_opened_elsewhere_shows_soon_and_moves_nothing_under_the_pointer(
    service, people, width
):
    sender = people(viewport={"width": width, "height": 700})
    reader = people()
    address = write(sender, service)
    page_before = sender.evaluate("performance.timeOrigin")
    copy = sender.get_by_role("button", name="Copy link")
    copy.hover()
    button, place = copy.element_handle(), copy.evaluate(PLACE)
    read(reader, address)
    expect(letter_on(reader)).to_contain_text("4711")
    expect(sender.locator("h1")).to_have_text(
        "It was opened. It cannot be opened again.", timeout=SOON_MS
    )
    assert sender.evaluate("performance.timeOrigin") == page_before
    # Browsers scroll by whole pixels.
    assert button.evaluate(PLACE) == pytest.approx(place, abs=0.6)
    expect(sender.locator(".mark-opened")).to_contain_text("Opened")
    expect(sender.locator("#timeline")).to_contain_text("Shown to someone who had this link")
    expect(sender.locator("#news")).to_contain_text("arrived")
    assert sender.title().startswith("(")
    expect(copy).to_be_visible()
    # Where the pointer was, the dead link goes once the pointer has gone.
    sender.mouse.move(2, 2)
    expect(copy).to_have_count(0)

    expect(sender).to_have_title("It was opened. It cannot be opened again. · Restante")


def test_what_has_the_focus_keeps_it_and_what_was_typed(service, people):
    sender, reader = people(), people()
    address = write(sender, service, **{"How often": "2"})
    sender.get_by_text("Replace the text").first.click()
    sender.get_by_label("New text").fill("Another text")
    read(reader, address)
    expect(sender.locator("h1")).to_have_text(
        "It was opened, and it can be opened again.", timeout=SOON_MS
    )

    expect(sender.get_by_label("New text")).to_be_focused()
    expect(sender.get_by_label("New text")).to_have_value("Another text")


def test_a_hidden_tab_asks_nothing_and_asks_at_once_when_it_is_seen(service, people):
    sender = people()
    sender.clock.install()
    write(sender, service)
    let_pass(sender, 10)
    seen = questions(sender)
    assert seen >= 3
    sender.evaluate(HIDE, "hidden")
    sender.clock.run_for(3_600_000)
    assert questions(sender) == seen
    sender.evaluate(HIDE, "visible")
    sender.wait_for_timeout(300)

    assert questions(sender) == seen + 1


def test_the_questions_become_rarer_while_nobody_does_anything(service, people):
    sender = people()
    sender.clock.install()
    write(sender, service)
    counts = []
    for seconds, step in ((30, 2), (90, 5), (480, 15), (900, 30)):
        before = questions(sender)
        let_pass(sender, seconds, step)
        counts.append(questions(sender) - before)

    for count, most in zip(counts, (15, 19, 33, 31), strict=True):
        assert most // 2 < count <= most


def test_a_page_that_lost_its_message_says_so_and_asks_no_more(service, people):
    sender, other = people(), people()
    sent = send(service.url)
    for page in (sender, other):
        page.goto(sent["control_url"])
        press(page, "I am the sender: go on")
    other.locator("summary", has_text="Delete everything").click()
    press(other, "Delete everything")
    press(other, "Yes, delete everything")
    expect(sender.locator("#live")).to_have_text("This page is out of date: load it again.")
    asked = questions(sender)
    sender.wait_for_timeout(2_500)

    assert questions(sender) == asked


def test_without_a_connection_the_page_says_so_and_goes_on_when_it_is_back(service, people):
    sender = people()
    write(sender, service)
    sender.context.set_offline(True)
    expect(sender.locator("#live")).to_have_text("Not up to date: trying again.")
    sender.context.set_offline(False)

    expect(sender.locator("#live")).to_have_text("New things show here by themselves.")
