"""Copies after sending, in a browser: what lies on the clipboard, and the page by keyboard."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser import tour

PEOPLE = ["Torres Ana <ana@example.com>", 'Ben "<b>" & co', "清水"]
CLIPBOARD = """navigator.clipboard.read().then(async ([one]) => Object.fromEntries(
  await Promise.all(
  one.types.map(async (type) => [type, await (await one.getType(type)).text()]))))"""
WIDTHS = (320, 375, 1280)


@pytest.fixture
def sender(browser, service):
    """The control page of a message to three people."""
    with browser.new_context(permissions=["clipboard-read", "clipboard-write"]) as context:
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.said = []
        page.on("console", lambda message: page.said.append(message.text))
        sent = tour.send(service.url, recipients=PEOPLE, subject="The <b>safe</b> & more")
        page.links = [link["url"] for link in sent["links"]]
        page.goto(sent["control_url"])
        tour.press(page, "I am the sender: go on")
        page.get_by_role("heading", name="The links").wait_for()
        yield page


def copied(page, name, number=0):
    page.get_by_role("button", name=name).nth(number).click()
    page.get_by_role("button", name="Copied").wait_for()
    return page.evaluate(CLIPBOARD)


def test_a_copy_for_a_mail_has_the_readers_own_link_as_html_and_as_text(sender):
    sender.locator("details", has_text="Put it in a mail").nth(1).locator("summary").click()
    both = copied(sender, "Copy for a mail")
    text, card = both["text/plain"], both["text/html"]
    assert sender.links[1] in text.split("\n")
    assert re.findall(r"https?://[^\"<]+", card) == [sender.links[1]] * 3
    assert "The &lt;b&gt;safe&lt;/b&gt; &amp; more" in card
    # The styles arrive, and the page's policy was not touched.
    assert 'style="padding:12px 24px;background-color:#a8281f"' in card
    assert "<style" not in card
    assert "class=" not in card
    assert sender.said == []

    assert sender.evaluate("getSelection().isCollapsed")


def test_copy_all_has_a_line_for_each_recipient(sender):
    sender.get_by_text("All links at once").click()
    lines = copied(sender, "Copy all")["text/plain"].split("\n")

    assert lines == [f"{name}\t{link}" for name, link in zip(PEOPLE, sender.links, strict=True)]


def test_one_button_is_the_primary_one_and_all_else_is_folded_away(sender):
    primary = sender.locator("main .primary:visible")

    assert primary.all_inner_texts() == ["Copy link"]
    assert sender.locator("pre:visible").count() == 0
    for name in ("Copy all", "Copy for a mail"):
        assert sender.get_by_role("button", name=name).count() == 0


def test_a_draft_is_reached_and_saved_by_keyboard_alone(sender):
    sender.get_by_text("Put it in a mail").first.focus()
    sender.keyboard.press("Enter")
    for _ in range(3):
        sender.keyboard.press("Tab")
    assert sender.evaluate("document.activeElement.textContent") == "Save a draft"
    with sender.expect_download() as download:
        sender.keyboard.press("Enter")

    assert download.value.suggested_filename == "mail-1-Torres_Ana.eml"


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_page_with_everything_unfolded(sender, width):
    sender.set_viewport_size({"width": width, "height": 800})
    for summary in sender.locator(".ways > summary").all():
        summary.click()
    assert sender.locator("pre:visible").count() == 4

    assert sender.evaluate("document.documentElement.scrollWidth") == width


def test_a_draft_has_the_time_zone_of_the_browser(browser, service):
    with browser.new_context(timezone_id="Asia/Kathmandu") as context:
        page = context.new_page()
        page.goto(service.url)
        page.get_by_label("Message", exact=True).fill("4711")
        tour.press(page, "Create link")
        page.get_by_text("Put it in a mail").click()

        expect(page.locator("#mail-1")).to_contain_text("(Kathmandu).")
