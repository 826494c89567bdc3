"""By keyboard alone, by ear, on paper, and where the system chooses the colours."""

import re
import time

import pytest
from playwright.sync_api import expect

from tests.browser import tour
from tests.browser.probe import WIDE
from tests.browser.tour import LETTER, PATIENCE_MS, press, read, send
from tests.support.api import Api
from tests.support.processes import Service

SCRIPT_AND_PAINT = """() => new Promise((done) => new PerformanceObserver((list) => {
  const painted = list.getEntriesByName("first-contentful-paint")[0];
  const loaded = performance.getEntriesByType("resource");
  if (painted) done([
    loaded.find(({ name }) => name.includes("app.js")).responseEnd, painted.startTime,
  ]);
}).observe({ type: "paint", buffered: true }))"""
SHIFTS = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const shift of list.getEntries()) if (!shift.hadRecentInput) window.shifted += shift.value;
}).observe({ type: "layout-shift", buffered: true });
"""
NAME_OF_STOP = """() => {
  const e = document.activeElement;
  return e.labels?.[0]?.innerText.trim() || e.getAttribute("aria-label") || e.innerText;
}"""
SAYINGS = """() => {
  window.sayings = [];
  new MutationObserver(() => window.sayings.push(said.textContent))
    .observe(said, { childList: true });
}"""


def tab_to(page, name, most=20):
    """Press Tab until what has this name has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate(NAME_OF_STOP) == name:
            return
    raise AssertionError(name)


def test_by_keyboard_alone_a_message_is_sent_opened_read_and_destroyed(service, person):
    sender, reader = person(permissions=["clipboard-read", "clipboard-write"]), person()
    sender.goto(service.url)
    tab_to(sender, "Message")
    sender.keyboard.type("The code is 4711.")
    tab_to(sender, "Create link")
    sender.keyboard.press("Enter")
    expect(sender.locator("h1")).to_have_text("It is waiting. Nobody has opened it.")
    address = sender.locator("code").inner_text()
    if sender.get_by_role("button", name="Copy link").count():
        tab_to(sender, "Copy link")
        sender.keyboard.press("Enter")
        expect(sender.get_by_role("status")).to_have_text("Copied")
        assert sender.evaluate("navigator.clipboard.readText()") == address
    reader.goto(address)
    reader.wait_for_timeout(PATIENCE_MS)
    tab_to(reader, "Open the message")
    reader.keyboard.press("Enter")
    expect(reader.locator("#letter")).to_have_text("The code is 4711.")
    tab_to(reader, "Done, destroy it now")
    reader.keyboard.press("Enter")

    expect(reader.locator("h1")).to_have_text("Done. It is gone from here.")


def test_after_a_fault_the_focus_is_in_the_first_field_at_fault(service, person):
    sender = person()
    sender.goto(service.url)
    tour.unfold(sender)
    sender.get_by_label("How often").fill("0")
    sender.get_by_label("Message", exact=True).fill("4711")
    press(sender, "Create link")
    expect(sender.get_by_role("alert")).to_contain_text("Not sent yet.")
    views = sender.get_by_label("How often")
    expect(views).to_be_focused()
    expect(views).to_have_accessible_description(
        "A whole number from 1 to 100. Once is right for most messages."
    )
    way = sender.get_by_role("link", name="Go to the first mark")
    expect(way).to_have_attribute("href", "#views")
    sender.keyboard.press("Tab")

    assert sender.evaluate(NAME_OF_STOP) == "Delay before it opens"


@pytest.fixture
def opened(service, browser):
    """A message on the screen of somebody whose clock we turn."""
    with browser.new_context(viewport=WIDE) as context:
        page = context.new_page()
        page.clock.install()
        read(page, send(service.url)["links"][0]["url"])
        expect(page.locator("#said")).to_be_attached()
        page.evaluate(SAYINGS)
        yield page


def test_the_countdown_is_heard_at_a_minute_and_at_the_end_and_not_between(opened):
    opened.clock.run_for(150_000)

    assert opened.evaluate("sayings") == [
        "It can be shown again here for one more minute.",
        opened.locator(".actions [data-over]").get_attribute("data-over"),
    ]


def test_what_is_kept_longer_and_confirmed_is_heard_and_takes_no_focus(opened):
    for name, said in (
        ("Keep it readable for 10 minutes", "Kept readable here for longer."),
        ("I have read this", "The sender is told that you have read it."),
    ):
        tab_to(opened, name)
        opened.keyboard.press("Enter")
        expect(opened.locator("#said")).to_have_text(said)
        assert opened.evaluate(NAME_OF_STOP) in {name, said}


def test_a_focus_whose_button_goes_with_the_lease_finds_out_why(opened):
    tab_to(opened, "Save as .txt")
    opened.clock.run_for(150_000)

    assert "It can no longer be shown again here." in opened.evaluate(NAME_OF_STOP)


def test_times_stand_in_the_readers_zone_before_anything_is_painted(service, browser):
    """Or a line may break elsewhere, and the page move under a finger, at some hours of a day."""
    with browser.new_context(timezone_id="Asia/Tokyo") as context:
        context.route("**/app.js*", lambda route: (time.sleep(0.5), route.continue_()))
        page = context.new_page()
        page.goto(send(service.url)["links"][0]["url"])

        script, painted = page.evaluate(SCRIPT_AND_PAINT)
        assert 500 < script < painted


@pytest.mark.parametrize("width", [320, 375, 1280])
def test_nothing_moves_while_the_gate_and_the_message_arrive(service, browser, width):
    size = {"width": width, "height": 800}
    with browser.new_context(viewport=size, locale="en-GB", timezone_id="Asia/Tokyo") as context:
        context.add_init_script(SHIFTS)
        page = context.new_page()
        page.goto(send(service.url, **{"from": "Zoë"})["links"][0]["url"])
        page.wait_for_timeout(PATIENCE_MS)
        at_the_gate = page.evaluate("shifted")
        press(page, "Open the message")
        expect(page.locator("#letter")).to_contain_text("4711")
        page.wait_for_timeout(PATIENCE_MS)  # a second more on the clock

        assert (at_the_gate, page.evaluate("shifted")) == (0, 0)


def test_on_paper_stand_the_letter_who_wrote_it_and_when_and_nothing_to_press(service, browser):
    with browser.new_context(color_scheme="dark") as context:
        page = context.new_page()
        sent = Api(service.url).send(LETTER, subject="The side door", **{"from": "Zoë"})
        read(page, sent.answer["links"][0]["url"])
        expect(page.locator("#letter")).to_contain_text("4711")
        page.emulate_media(media="print")
        printed = page.locator("body").inner_text()
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")

    subject, sender, shown, *letter = [line for line in printed.splitlines() if line]
    assert (subject, sender) == ("The side door", "From Zoë not verified")
    assert re.fullmatch(r"Shown on .*\d:\d\d.*\.", shown)
    assert letter == [line for line in LETTER.splitlines() if line]
    assert background == "rgb(255, 255, 255)"


def test_reduced_motion_is_respected(service, browser):
    with browser.new_context() as context:
        page = context.new_page()
        read(page, send(service.url)["links"][0]["url"])
        half = page.locator(".breaking .half").first
        for motion, name in (("reduce", "none"), ("no-preference", "break")):
            page.emulate_media(reduced_motion=motion)

            expect(half).to_have_css("animation-name", name)


def test_the_icon_is_the_seal(service, person):
    page = person()
    page.goto(service.url)
    icon = page.request.get(service.url + page.locator("link[rel=icon]").get_attribute("href"))

    assert page.locator(".top .wax").get_attribute("d") in icon.text()


def test_a_second_press_on_what_cannot_be_kept_longer_destroys_nothing(browser, tmp_path):
    with (
        Service(tmp_path, RESTANTE_LEASE_MOST="600") as service,
        browser.new_context() as context,
    ):
        page = context.new_page()
        read(page, send(service.url)["links"][0]["url"])
        expect(page.locator("#letter")).to_contain_text("4711")
        tab_to(page, "Keep it readable for 10 minutes")
        page.keyboard.press("Enter")
        expect(page.locator("[data-prolong] button")).to_have_attribute("aria-disabled", "true")
        page.keyboard.press("Enter")

        assert page.evaluate(NAME_OF_STOP) == "Kept readable here for longer."
        expect(page.locator("#letter")).to_contain_text("4711")
