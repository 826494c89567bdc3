"""Four robots with a real browser, and people whom one could take for them."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import learn
from tests.browser.tour import LETTER, PATIENCE_MS, press
from tests.support.api import Api
from tests.support.processes import Service

SCANNERS, OFFICE = "40.94.20.7", "192.0.2.80"

SUBMITS_ALL = """
addEventListener("load", () => {
  sessionStorage.times = 1 + Number(sessionStorage.times ?? 0);
  if (sessionStorage.times <= 3) for (const form of document.forms) form.submit();
});
"""
SUBMITS_LAST = SUBMITS_ALL.replace("of document.forms", "of [...document.forms].reverse()")
CLICKS = """
addEventListener("load", () => {
  setTimeout(() => document.querySelector("main form button").click(), 200);
});
"""
CLICKS_LATE = CLICKS.replace("200", "1500")


@pytest.fixture(scope="module")
def browser(launch, chromium_path):
    """The whole browser, windows and all, as those have it whom we take robots for."""
    return launch(chromium_path)


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """Behind a proxy, so that visitors come from where they say."""
    folder = tmp_path_factory.mktemp("gallery")
    with Service(folder, RESTANTE_TRUSTED_PROXIES="1") as service:
        yield service


@pytest.fixture
def sent(service):
    return Api(service.url).send(LETTER)


@pytest.fixture
def come(browser):
    """Open a browser of somebody's own; *script* runs on every page, by no hand."""
    contexts = []

    def open_browser(script=None, address=OFFICE, **options):
        context = browser.new_context(extra_http_headers={"X-Forwarded-For": address}, **options)
        context.on("request", learn)
        contexts.append(context)
        page = context.new_page()
        if script:
            page.add_init_script(script)
        return page

    yield open_browser
    for context in contexts:
        context.close()


def address_of(sent):
    return sent.answer["links"][0]["url"]


def state_and_classes(service, sent):
    message = Api(service.url).message(sent.control)
    return message["links"][0]["state"], {look["class"] for look in message["looks"]}


def test_a_robot_that_loads_and_runs_everything_opens_nothing(service, sent, come):
    page = come(address=SCANNERS)
    page.goto(address_of(sent))
    for _ in range(2):
        page.wait_for_load_state("networkidle")
        page.reload()

    expect(page.locator("h1")).to_have_text("A message is waiting for you.")
    assert state_and_classes(service, sent) == ("sealed", {"scanner_suspected"})


@pytest.mark.parametrize(
    "script", [SUBMITS_ALL, CLICKS, CLICKS_LATE], ids=["all", "200 ms", "late"]
)
def test_a_robot_that_submits_or_clicks_by_script_opens_nothing(service, sent, come, script):
    page = come(script)
    page.goto(address_of(sent))
    page.wait_for_timeout(3_000)

    expect(page.locator("#letter")).to_have_count(0)
    expect(page.locator("#wanted")).to_be_visible()
    assert state_and_classes(service, sent) == ("sealed", {"browser", "scanner_suspected"})


def test_a_robot_that_submits_every_form_tells_the_sender_nothing(service, sent, come):
    """Neither that it is not for it, nor that somebody else had opened it."""
    for _ in range(2):
        robot = come(SUBMITS_LAST)
        robot.goto(address_of(sent))
        robot.wait_for_timeout(3_000)
        expect(robot.locator("#wanted")).to_be_visible()
        person = come()
        person.goto(address_of(sent))
        if person.get_by_role("button", name="Open the message").count():
            person.get_by_label("Enter the number").fill(person.locator("#wanted").inner_text())
            press(person, "Open the message")
            expect(person.locator("#letter")).to_be_visible()
    events = {event["type"] for event in Api(service.url).message(sent.control)["events"]}

    assert events <= {"message.sent", "link.revealed", "link.acknowledged"}


def test_a_robot_with_real_input_from_a_scanners_network_opens_nothing(service, sent, come):
    page = come(address=SCANNERS)
    page.goto(address_of(sent))
    page.wait_for_timeout(3_000)
    press(page, "Open the message")
    page.wait_for_timeout(500)

    expect(page.locator("#letter")).to_have_count(0)
    assert state_and_classes(service, sent) == ("sealed", {"scanner_suspected"})


def test_a_person_at_a_cloud_pc_types_one_number(service, sent, come):
    page = come(address=SCANNERS)
    page.goto(address_of(sent))
    page.get_by_label("Enter the number").fill(page.locator("#wanted").inner_text())
    press(page, "Open the message")

    expect(page.locator("#letter")).to_contain_text("4711")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_person_with_a_keyboard_alone_gets_in(sent, come, scripts):
    """The decoy is no stop of the tab key; Enter presses."""
    page = come(java_script_enabled=scripts)
    page.goto(address_of(sent))
    page.wait_for_timeout(PATIENCE_MS)
    stops = []
    for _ in range(5):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        stops.append(focused.evaluate("it => it.name || it.textContent.trim()"))
        if focused.evaluate("it => it.matches('main form button')"):
            break
    page.keyboard.press("Enter")

    expect(page.locator("#letter")).to_contain_text("4711")
    assert "remark" not in stops


def test_a_message_that_was_opened_by_hand_is_shown_again_after_a_reload(sent, come):
    page = come()
    page.goto(address_of(sent))
    page.wait_for_timeout(PATIENCE_MS)
    press(page, "Open the message")
    expect(page.locator("#letter")).to_contain_text("4711")
    page.reload()
    press(page, "Show it again")

    expect(page.locator("#letter")).to_contain_text("4711")
