"""Notices while a page is open: only after a press, also in a hidden tab, and counted."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import learn
from tests.browser.test_journeys import write
from tests.browser.test_live import HIDE
from tests.browser.tour import read
from tests.support.processes import wait_until

NOTICES = """{
  globalThis.shown = [];
  globalThis.asked = 0;
  let permission = "default";
  class Notification extends EventTarget {
    static get permission() { return permission; }
    static async requestPermission() { asked += 1; return permission = "granted"; }
    constructor(title, { body, tag }) { super(); shown.push({ title, body, tag }); }
    close() {}
  }
  globalThis.Notification = Notification;
}"""
"""Chromium without a window shows none: what the page asks of the browser is noted."""


@pytest.fixture
def people(browser):
    contexts = []

    def open_window():
        context = browser.new_context()
        context.set_default_timeout(10_000)
        context.on("request", learn)
        context.add_init_script(NOTICES)
        contexts.append(context)
        return context.new_page()

    yield open_window
    for context in contexts:
        context.close()


def test_a_hidden_tab_shows_notices_and_counts_in_its_title_after_a_press(service, people):
    sender, reader = people(), people()
    address = write(sender, service, Subject="Keys")
    button = sender.get_by_role("button", name="Show notices while a page is open")
    expect(button).to_be_visible()
    assert sender.evaluate("asked") == 0
    button.click()
    assert sender.evaluate("asked") == 1
    sender.get_by_role("button", name="Show no more notices").click()
    button.click()
    expect(button).to_be_hidden()
    sender.evaluate(HIDE, "hidden")
    read(reader, address)
    assert wait_until(lambda: sender.evaluate("shown.length"), 40)

    [notice] = sender.evaluate("shown")
    assert notice["title"] == "Keys"
    assert "arrived" in notice["body"] or "Shown to someone" in notice["body"]
    assert "4711" not in str(notice)
    assert address.rpartition("/")[2] not in str(notice)
    assert sender.title().startswith("(")
    sender.evaluate(HIDE, "visible")
    assert not sender.title().startswith("(")
