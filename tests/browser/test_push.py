"""A sender is told in their browser while the page is closed, as chromium really does it.

The push service is ours, on loopback: see tests/support/push_service.py.  Chromium checks in there,
subscribes there, holds its connection there, and decrypts what comes with its own keys.
"""

import pytest
from playwright.sync_api import expect

from tests.browser import tour
from tests.browser.conftest import learn
from tests.browser.test_journeys import letter_on
from tests.browser.tour import press, read
from tests.support.processes import Service, wait_until
from tests.support.push_service import PushService

QUIET = "--disable-background-networking"
"""With it, chromium asks for no push.  Instead no name resolves: it reaches loopback alone."""
ARGS = [one for one in tour.CHROMIUM_ARGS if one != QUIET]
ARGS += ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]


@pytest.fixture(scope="module")
def push(tmp_path_factory):
    with PushService(tmp_path_factory.mktemp("push")) as push:
        yield push


@pytest.fixture(scope="module")
def telling(tmp_path_factory):
    own = {"RESTANTE_WEBHOOK_NETWORKS": "127.0.0.0/8"}
    with Service(tmp_path_factory.mktemp("telling"), **tour.SETTINGS, **own) as service:
        yield service


@pytest.fixture
def sender(chromium, chromium_path, tmp_path, push):
    """Open the sender's browser, with a profile on disk: others take no push."""
    contexts = []

    def open_browser(language="en"):
        context = chromium.launch_persistent_context(
            tmp_path / f"profile-{len(contexts)}",
            executable_path=chromium_path,
            locale=language,
            args=[*ARGS, f"--lang={language}", *push.chromium_args],
            ignore_default_args=[QUIET],
        )
        context.set_default_timeout(10_000)
        context.add_init_script(push.script)
        context.on("request", learn)
        contexts.append(context)
        return context

    yield open_browser
    for context in contexts:
        context.close()


WORDS = {
    "en": {
        "send": "Create link",
        "tell": "Tell me in this browser",
        "told": "This browser tells you",
        "stop": "Stop telling me in this browser",
        "field": "Message",
        "body": "Opened for the first time, by someone who had this link",
        "again": "Tell me in this browser what happens to it",
        "when": "Tell me when it was",
        "declined": "“This is not for me”, says someone who has this link",
    },
    "es": {
        "send": "Crear enlace",
        "tell": "Avísame en este navegador",
        "told": "Este navegador te avisa",
        "stop": "No avisarme más en este navegador",
        "field": "Mensaje",
        "body": "Abierto por primera vez, por alguien que tenía este enlace",
        "again": "Avísame en este navegador de lo que pase con él",
        "when": "Avísame cuando",
        "declined": "«No es para mí», dice alguien que tiene este enlace",
    },
}
SHOWN = """() => registration.getNotifications()
  .then((all) => all.map(({ title, body, lang, data }) => ({ title, body, lang, data })))"""
PRESSED = """async () => {
  const opened = [];
  clients.openWindow = async (page) => { opened.push(page); };
  addEventListener("error", (event) => event.preventDefault());
  const [notification] = await registration.getNotifications();
  const press = new NotificationEvent("notificationclick", { notification });
  // A test's press is not a person's: the browser would not wait for it, and opens no window.
  const value = async (done) => {
    await done;
    opened.done = true;
  };
  Object.defineProperty(press, "waitUntil", { value });
  dispatchEvent(press);
  while (!opened.done) await new Promise((next) => setTimeout(next, 20));
  return opened;
}"""


def write(page, service, say):
    page.goto(service.url)
    page.get_by_label(say["field"], exact=True).fill(tour.LETTER)


def shown(context):
    """Return what the service worker shows, once there is something."""
    assert wait_until(lambda: any(one.evaluate(SHOWN) for one in context.service_workers), 15)
    return context.service_workers[0].evaluate(SHOWN)


def worker_of(context):
    assert wait_until(lambda: context.service_workers)
    return context.service_workers[0]


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_sender_is_told_while_the_page_is_closed_and_switches_it_off(
    telling, sender, push, browser, language
):
    say, context = WORDS[language], sender(language)
    context.grant_permissions(["notifications"], origin=telling.url)
    page = context.pages[0]
    write(page, telling, say)
    expect(page.locator("#push-here")).to_be_hidden()
    assert context.service_workers == []
    press(page, say["send"])
    control = page.url
    expect(page.locator("#push")).to_be_visible()
    assert context.service_workers == []
    page.get_by_role("button", name=say["tell"], exact=True).click()
    expect(page.get_by_text(say["told"])).to_be_visible()
    address = page.locator("#link-1").inner_text()

    page.goto("about:blank")
    reader = browser.new_context().new_page()
    read(reader, address)
    expect(letter_on(reader)).to_contain_text("4711")
    [its] = shown(context)
    assert its["title"] == {"en": "Your message", "es": "Tu mensaje"}[language]
    assert its["body"].startswith(say["body"])
    assert its["lang"] == language
    for secret in ("4711", address.rpartition("/")[2], control.rpartition("/")[2]):
        assert secret not in str(its)
    [opened] = worker_of(context).evaluate(PRESSED)
    page.goto(f"{telling.url}{opened}")
    assert page.url == control
    expect(page.get_by_text(say["told"])).to_be_visible()

    # The next message is told of with a tick, and the first one no more.
    write(page, telling, say)
    page.get_by_label(say["again"]).check()
    page.get_by_text(say["when"]).click()
    for box in page.locator("#push-here details input").all():
        box.set_checked(box.get_attribute("name") == "push.declined")
    press(page, say["send"])
    expect(page.get_by_text(say["told"])).to_be_visible()
    read(reader, page.locator("#link-1").inner_text())
    reader.get_by_role("button", name="This is not for me").click()
    # The opening was not chosen, and the press closed the first one.
    assert [one["body"].split("\n")[0] for one in shown(context)] == [say["declined"]]
    page.get_by_role("button", name=say["stop"]).click()
    expect(page.get_by_role("button", name=say["tell"], exact=True)).to_be_visible()
    page.goto(control)
    page.get_by_role("button", name=say["stop"]).click()
    expect(page.get_by_role("button", name=say["tell"], exact=True)).to_be_visible()
    assert (
        page.evaluate("async () => (await navigator.serviceWorker.getRegistrations()).length") == 0
    )
    reader.context.close()


def test_a_browser_that_says_no_is_told_where_to_change_it(telling, sender):
    context = sender()
    page = context.pages[0]
    # Chromium without a window asks nobody, and its kinds answer differently.
    page.add_init_script('Object.defineProperty(Notification, "permission", {get: () => "denied"})')
    write(page, telling, WORDS["en"])
    press(page, "Create link")

    expect(page.get_by_text("does not allow notifications")).to_be_visible()
    button = page.get_by_role("button", name="Tell me in this browser", exact=True)
    expect(button).to_be_hidden()
    assert context.service_workers == []


def test_the_worker_sees_no_page_and_fetches_nothing(telling, sender):
    context = sender()
    context.grant_permissions(["notifications"], origin=telling.url)
    page = context.pages[0]
    answer = page.goto(f"{telling.url}/push/worker.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["content-security-policy"] == "default-src 'none'"
    assert "fetch" not in answer.text().replace("no fetch handler", "")
    assert "caches" not in answer.text()
    write(page, telling, WORDS["en"])
    press(page, "Create link")
    page.get_by_role("button", name="Tell me in this browser", exact=True).click()
    expect(page.get_by_text("This browser tells you")).to_be_visible()

    worker = worker_of(context)
    assert worker.evaluate("registration.scope") == f"{telling.url}/push/"
    assert page.evaluate("navigator.serviceWorker.controller") is None
    assert page.evaluate("caches.keys()") == []
    tried = "fetch('/').then(() => 'came', () => 'refused')"
    assert worker.evaluate(tried) == "refused"


def test_without_scripts_nothing_is_shown(service, browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(service.url)
    assert page.locator("#push-here").is_hidden()
    page.get_by_label("Message", exact=True).fill(tour.LETTER)
    press(page, "Create link")

    expect(page.locator("h1")).to_be_visible()
    assert page.locator("#push").is_hidden()
    context.close()
