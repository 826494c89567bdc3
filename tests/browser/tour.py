"""A walk through every page in every state, for the camera and for axe."""

from __future__ import annotations

import json
import os
import re
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import redis

from restante.crypto.tokens import LinkToken
from restante.store import keys
from tests.support.mailserver import MailServer
from tests.support.operators import admission_of
from tests.support.processes import ROOT, Service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

CHROMIUM = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/146.0.0.0 Safari/537.36"
)
"""What it calls itself where somebody sits at it: its own name ends in HeadlessChrome."""
CHROMIUM_ARGS = [
    f"--user-agent={CHROMIUM}",
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 1_100
"""The gate takes no press before a second is over."""
SHOWN_MS = """() => {
  const [loaded] = performance.getEntriesByType("navigation");
  return loaded?.responseEnd ? performance.now() - loaded.responseEnd : 0;
}"""
"""How long a page has been there, from the last byte of its answer."""
SETTINGS = {
    "RESTANTE_EXPIRY_MIN": "1",
    "RESTANTE_PASSPHRASE_TRIES": "2",
    "RESTANTE_TEXT_MAX": "20000",
}

LETTER = """\
Dear Ana,

the code for the side door is 4711, and it changes on Monday. The key to the archive lies \
where it always lay: behind the Vermeer, second shelf, in the blue tin.

Please tell nobody, and least of all Bernard. When you are in, close the shutters first; the \
alarm counts to thirty and not, as it says on the box, to sixty.

    1. shutters
    2. alarm: 0 3 9 #
    3. lamp

Yours,
Zoë
"""
UNBROKEN = "Wildenbruch" * 10
RIGHT_TO_LEFT = "שלום אנה,\n\nהמפתח נמצא מאחורי התמונה.\n\nשלך, זואי"


def send(url: str, **fields: Any) -> dict[str, Any]:
    """Send a message through the API and return what it answers."""
    body = json.dumps({"text": LETTER} | fields).encode()
    headers = {"Content-Type": "application/json"}
    with urlopen(Request(f"{url}/api/v1/messages", body, headers)) as response:
        return dict(json.load(response))


def press(page: Page, name: str) -> None:
    """Press the button with this name, whatever marks stand around it."""
    page.get_by_role("button", name=re.compile(rf"^\W*{re.escape(name)}\W*$")).click()


def unfold(page: Page) -> None:
    """Open all that is folded away on the compose page."""
    closed = page.locator("#compose details:not([open]) > summary:visible")
    while closed.count():
        closed.first.click()


def be_patient(page: Page) -> None:
    """Wait until the gate takes a press: what was looked at on the page counts, too."""
    # Where a test turns the page's clock, nothing is known, and all of it is waited for.
    page.wait_for_timeout(max(0, PATIENCE_MS - page.evaluate(SHOWN_MS)))


def read(page: Page, address: str, passphrase: str | None = None) -> None:
    """Open a link as an unhurried person does."""
    page.goto(address)
    if passphrase:
        page.get_by_label("Passphrase").fill(passphrase)
    be_patient(page)
    press(page, "Open the message")


def pages(browser: Browser, service: Service) -> Iterator[tuple[str, Page]]:
    """Yield the name of each state, and a page that shows it."""
    yield from _writing(browser, service.url)
    yield from _gates(browser, service.url)
    yield from _unbroken(browser, service.url)
    yield from _messages(browser, service.url)
    yield from _ends(browser, service.url)
    yield from _control(browser, service.url)
    yield from _sent(browser, service.url)
    yield from _mailed(browser)
    yield from _permits(browser)
    yield from _branded(browser)
    yield from _errors(browser, service)


def _writing(browser: Browser, url: str) -> Iterator[tuple[str, Page]]:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(url)
        yield "compose", page
        page.locator("#text").fill("Dear Ana, the code is 4711.")
        unfold(page)
        page.get_by_label("How often").fill("0")
        page.get_by_label("Subject").fill("Side door")
        press(page, "Create link")
        yield "compose-faults", page
        page.locator("#text").fill("long " * 5_000)
        page.get_by_label("How often").fill("1")
        # Past the script, which does not even send it.
        page.locator("#compose").evaluate("(form) => form.submit()")
        page.get_by_text("This text is too long to send.").wait_for()
        yield "compose-too-long", page
        page.goto(url)
        page.locator("#text").fill(LETTER)
        unfold(page)
        page.get_by_label("Names or addresses").fill(f"Ana; ana; Ruiz, Eva <eva@x.es>; {UNBROKEN}")
        press(page, "Make one")
        page.locator("#passphrase:not(.secret)").wait_for()
        press(page, "Check the list")
        page.locator("#readers .fault").wait_for()
        yield "compose-checked", page
        press(page, "Create link")
        page.locator("#told").wait_for()
        yield "control-passphrase", page


def _want_codes(page: Page, url: str) -> None:
    """Write a letter for somebody without an address, to whom a code is to be mailed."""
    page.goto(url)
    page.locator("#text").fill(LETTER)
    unfold(page)
    page.get_by_label("Names or addresses").fill("Ana")
    page.get_by_label("Mail each reader a code first").check()


def _mailed(browser: Browser) -> Iterator[tuple[str, Page]]:
    """A service of its own, which mails codes."""
    with (
        tempfile.TemporaryDirectory() as folder,
        MailServer() as mail,
        Service(
            Path(folder),
            RESTANTE_PASSPHRASE_TRIES="2",
            RESTANTE_SMTP_URL=mail.url,
            RESTANTE_MAIL_FROM="letters@example.net",
        ) as service,
        browser.new_context() as context,
    ):
        page = context.new_page()
        _want_codes(page, service.url)
        yield "compose-mailed-code", page
        press(page, "Create link")
        yield "compose-mailed-code-faults", page
        page.get_by_label("Names or addresses").fill("Ana Torres <ana.torres@example.com>")
        page.get_by_label("Passphrase").fill("blue tin")
        press(page, "Create link")
        yield "control-mailed-code", page
        address = page.locator("code").first.inner_text()
        page.goto(address)
        yield "gate-mails-a-code", page
        be_patient(page)
        press(page, "Mail me the code")
        yield "gate-asks-for-the-code", page
        be_patient(page)
        press(page, "Mail me another code")
        yield "gate-code-just-mailed", page
        page.locator("#code").fill("no code")
        page.get_by_label("Passphrase").fill("blue tin")
        be_patient(page)
        press(page, "Open the message")
        yield "gate-code-wrong", page
        link = LinkToken.parse(address.rpartition("/")[2])
        with redis.Redis.from_url(f"unix://{service.data_dir / 'store.sock'}") as store:
            store.hset(keys.link(link), mapping={"codes": 10, "code_at": 0})
        be_patient(page)
        press(page, "Mail me another code")
        yield "gate-codes-used-up", page


def _permits(browser: Browser) -> Iterator[tuple[str, Page]]:
    """Services of their own, where not everybody may send."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Service(Path(folder), RESTANTE_SENDERS="tokens") as service,
        admission_of(service) as admission,
        browser.new_context() as context,
    ):
        page, token = context.new_page(), str(admission.make("Zoë"))
        page.goto(service.url)
        yield "permit", page
        page.get_by_label("token").fill(token[:-1])
        press(page, "Go on to writing")
        yield "permit-wrong", page
        page.get_by_label("token").fill(token)
        press(page, "Go on to writing")
        page.get_by_role("button", name="Forget").wait_for()
        yield "compose-remembered", page
        page.locator("#text").fill(LETTER)
        unfold(page)
        page.get_by_label("Names or addresses").fill("Ana Torres")
        admission.withdraw("Zoë")
        press(page, "Create link")
        yield "compose-not-a-sender", page
    with (
        tempfile.TemporaryDirectory() as folder,
        Service(
            Path(folder),
            RESTANTE_SENDERS="127.0.0.0/8",
            RESTANTE_RATE_LIMITS="on",
            RESTANTE_BUDGET_MESSAGES="1",
        ) as service,
        browser.new_context() as context,
    ):
        send(service.url)
        page = context.new_page()
        page.goto(service.url)
        page.locator("#text").fill(LETTER)
        press(page, "Create link")
        yield "compose-budget-spent", page
        context.set_extra_http_headers({"X-Forwarded-For": "203.0.113.7"})
        page.goto(service.url)
        yield "permit-networks-only", page


def _branded(browser: Browser) -> Iterator[tuple[str, Page]]:
    """A service that mails codes, in its operator's colour."""
    with (
        MailServer() as mail,
        tempfile.TemporaryDirectory() as folder,
        Service(
            Path(folder),
            RESTANTE_SMTP_URL=mail.url,
            RESTANTE_MAIL_FROM="Letters <letters@example.net>",
            RESTANTE_ACCENT="#12507a",
            RESTANTE_LOGO=str(ROOT / "webapp/static/favicon.svg"),
        ) as service,
        browser.new_context() as context,
    ):
        page = context.new_page()
        _want_codes(page, service.url)
        press(page, "Create link")
        yield "branded-compose-code-faults", page
        letter = send(service.url, recipients=["Ana <ana@example.com>"], mailed_code=True)
        page.goto(letter["links"][0]["url"])
        yield "branded-gate-mails-a-code", page
        be_patient(page)
        press(page, "Mail me the code")
        yield "branded-gate-code", page
        page.locator("#code").fill("000000")
        be_patient(page)
        press(page, "Open the message")
        yield "branded-gate-code-wrong", page


def _gates(browser: Browser, url: str) -> Iterator[tuple[str, Page]]:
    with browser.new_context() as context:
        page = context.new_page()
        full = {"from": "Zoë Martínez", "subject": "The side door", "passphrase": "blue tin"}
        address = send(url)["links"][0]["url"]
        page.goto(f"{address}/recorded")
        yield "recorded-nothing", page
        page.goto(address)
        yield "gate", page
        page.context.clear_cookies()
        press(page, "Open the message")
        yield "gate-second-step", page
        page.get_by_label("Enter the number").fill("1")
        press(page, "Open the message")
        yield "gate-second-step-wrong", page
        page.goto(send(url, **full, second_step="always")["links"][0]["url"])
        yield "gate-asks-for-a-number", page
        address = send(url, **full, views=5)["links"][0]["url"]
        page.goto(address)
        yield "gate-full", page
        page.get_by_label("Passphrase").fill("red tin")
        be_patient(page)
        press(page, "Open the message")
        yield "gate-passphrase-wrong", page
        read(page, address, "blue tin")
        page.goto(address)
        yield "gate-again", page
        page.context.clear_cookies()
        page.goto(address)
        yield "gate-opened-before", page
        page.goto(send(url, hold=3600, **full)["links"][0]["url"])
        yield "held", page


def _unbroken(browser: Browser, url: str) -> Iterator[tuple[str, Page]]:
    """Words without an end, wherever a sender may write some."""
    with browser.new_context() as context:
        page = context.new_page()
        letter = send(
            url,
            text=UNBROKEN * 20,
            subject=UNBROKEN,
            recipients=[UNBROKEN, "Ana"],
            views=2,
            **{"from": UNBROKEN},
        )
        page.goto(letter["links"][0]["url"])
        yield "gate-unbroken", page
        be_patient(page)
        press(page, "Open the message")
        yield "message-unbroken", page
        _recall(url, letter, reason=UNBROKEN)
        page.goto(letter["links"][0]["url"])
        yield "gone-unbroken", page
        page.goto(letter["control_url"])
        press(page, "I am the sender: go on")
        yield "control-unbroken", page


def _messages(browser: Browser, url: str) -> Iterator[tuple[str, Page]]:
    with browser.new_context() as context:
        page = context.new_page()
        letter = send(url, subject="The side door", **{"from": "Zoë Martínez"})
        read(page, letter["links"][0]["url"])
        yield "message", page
        page.get_by_role("button", name="Keep it readable").click()
        press(page, "I have read this")
        page.get_by_role("button", name="The sender is told").wait_for()
        yield "message-confirmed", page
        page.goto(letter["links"][0]["url"] + "/recorded")
        yield "recorded", page
        page.goto(letter["links"][0]["url"])
        press(page, "Show it again")
        press(page, "Done, destroy it now")
        yield "done", page
        page.goto(letter["links"][0]["url"])
        yield "gone-own", page
        read(page, send(url, text=RIGHT_TO_LEFT, views=3)["links"][0]["url"])
        yield "message-right-to-left", page
        read(page, send(url, text="4711", passphrase="blue tin")["links"][0]["url"], "blue tin")
        page.get_by_text("Save as .txt").first.click()
        yield "message-passphrase", page
        page.clock.install()
        read(page, send(url)["links"][0]["url"])
        page.locator("[data-confirm]").evaluate("form => { form.target = ''; form.submit(); }")
        page.get_by_role("heading", name="The sender is told").wait_for()
        yield "confirmed", page
        press(page, "Show it again")
        page.clock.fast_forward(3_600_000)
        yield "message-over", page


def _ends(browser: Browser, url: str) -> Iterator[tuple[str, Page]]:
    with browser.new_context() as context, browser.new_context() as other:
        page = context.new_page()
        brief = send(url, expires_in=1)["links"][0]["url"]
        opened = send(url)
        spent = opened["links"][0]["url"]
        read(page, spent)
        stranger = other.new_page()
        stranger.goto(spent)
        yield "gone-spent", stranger
        other.clear_cookies()
        press(stranger, "That was not me: tell the sender")
        yield "step", stranger
        stranger.get_by_label("Enter the number").fill("1")
        press(stranger, "That was not me: tell the sender")
        yield "step-wrong", stranger
        stranger.get_by_label("Enter the number").fill(stranger.locator("#wanted").inner_text())
        press(stranger, "That was not me: tell the sender")
        yield "disputed", stranger
        stranger.goto(spent)
        yield "gone-disputed", stranger
        for _ in range(2):
            other.clear_cookies()
            stranger.goto(spent)
            stranger.wait_for_timeout(PATIENCE_MS)
            press(stranger, "That was not me: tell the sender")
        other.clear_cookies()
        stranger.goto(spent)
        yield "gone-disputed-enough", stranger
        stranger.goto(send(url)["links"][0]["url"])
        stranger.wait_for_timeout(PATIENCE_MS)
        press(stranger, "This is not for me")
        yield "declined", stranger
        page.goto(brief)
        yield "gone-expired", page
        recalled = send(url)
        _recall(url, recalled, reason="I mixed up two customers. The right one comes tonight.")
        page.goto(recalled["links"][0]["url"])
        yield "gone-recalled", page
        read(page, send(url, passphrase="blue tin")["links"][0]["url"], "red tin")
        page.get_by_label("Passphrase").fill("green tin")
        be_patient(page)
        press(page, "Open the message")
        yield "gone-locked", page
        page.goto(opened["control_url"])
        press(page, "I am the sender: go on")
        yield "control-disputed", page


def _recall(url: str, sent: dict[str, Any], **fields: Any) -> None:
    headers = {
        "Content-Type": "application/json",
        "Authorization": f"Bearer {sent['control_token']}",
    }
    with urlopen(Request(f"{url}/api/v1/message/recall", json.dumps(fields).encode(), headers)):
        pass


def _control(browser: Browser, url: str) -> Iterator[tuple[str, Page]]:
    with browser.new_context() as context, browser.new_context() as reader:
        page, readers = context.new_page(), reader.new_page()
        yield from _one_link(page, readers, url)
        page.goto(url)
        page.locator("#text").fill(LETTER)
        unfold(page)
        page.get_by_label("Names or addresses").fill("Ana Torres\nBernard\nChloé (lawyer)")
        page.get_by_label("How often").fill("2")
        page.get_by_label("Subject").fill("The side door")
        press(page, "Create link")
        yield "control-several", page
        addresses = page.locator("code").all_inner_texts()
        read(readers, addresses[0])
        page.get_by_label("Reason").fill("one line\u2028two")
        press(page, "Recall all remaining links")
        yield "control-faults", page
        page.get_by_label("Reason").fill("")
        page.get_by_role("button", name="Recall only the link for Bernard").click()
        yield "verdict-one", page
        page.get_by_role("link", name="Back to the message").click()
        page.get_by_text("looks").last.click()
        yield "control-mixed", page
        page.get_by_label("Reason").fill("The code has changed.")
        press(page, "Recall all remaining links")
        yield "verdict", page
        page.get_by_role("link", name="Back to the message").click()
        yield "control-over", page
        many = send(url, recipients=["Ana Torres", *(f"Reader {n}" for n in range(2, 13))])
        page.goto(many["control_url"])
        press(page, "I am the sender: go on")
        page.get_by_label(re.compile(r"^\W*Mark Reader 2\W*$")).check()
        yield "control-many", page
        page.get_by_role("link", name="Ana Torres").click()
        yield "control-link", page


def _one_link(page: Page, readers: Page, url: str) -> Iterator[tuple[str, Page]]:
    page.goto(url)
    page.locator("#text").fill(LETTER)
    press(page, "Create link")
    yield "control-sent", page
    control = page.url
    page.goto(page.locator("code").first.inner_text())
    yield "gate-own", page
    page.goto(control)
    page.get_by_label("Reason").fill("The code has changed.")
    press(page, "Recall the message")
    yield "verdict-unread", page
    page.goto(control)
    yield "control-recalled-unread", page
    page.goto(url)
    page.locator("#text").fill(LETTER)
    press(page, "Create link")
    read(readers, page.locator("code").inner_text())
    readers.wait_for_timeout(200)
    page.reload()
    yield "control-read", page
    readers.goto(send(url, hold=3600)["control_url"])
    yield "control-warning", readers
    press(readers, "I am the sender: go on")
    yield "control-held", readers


def _sent(browser: Browser, url: str) -> Iterator[tuple[str, Page]]:
    """The sender's list, here and on another device, and what is asked about it."""
    with browser.new_context() as context, browser.new_context() as other:
        page, phone = context.new_page(), other.new_page()
        page.goto(f"{url}/sent")
        yield "sent-none", page
        subjects = ("The side door", UNBROKEN, "Payroll")
        for subject, name in zip(subjects, ("Ana Torres\nBernard", UNBROKEN, "Zoë"), strict=True):
            page.goto(url)
            page.locator("#text").fill(LETTER)
            unfold(page)
            page.locator("#recipients").fill(name)
            page.get_by_label("Subject").fill(subject)
            page.get_by_label("How often").fill("2")
            press(page, "Create link")
            address = page.locator("code").first.inner_text()
        read(phone, address)
        page.goto(f"{url}/sent")
        for summary in page.locator("main summary").all():
            summary.click()
        yield "sent", page
        press(page, "Recall the chosen messages")
        yield "sent-faults", page
        page.get_by_label("Search in subjects").fill("torres")
        press(page, "Search")
        yield "sent-found", page
        press_folded(page, url, "On another device", "Show the address")
        yield "sent-address", page
        way = page.locator("#list-address").inner_text()
        phone.goto(url)
        phone.goto(way)
        yield "sent-arrive", phone
        press(phone, "It is mine: use it here")
        press_folded(page, url, "Change its address", "Change the address")
        yield "sent-rotate", page
        press(page, "Yes, change the address")
        yield "sent-rotated", page
        phone.goto(f"{url}/sent")
        yield "sent-elsewhere", phone
        press(phone, "Begin a new list")
        phone.goto(way)
        press(phone, "It is mine: use it here")
        yield "sent-closed", phone
        press_folded(page, url, "Take back everything unread", "Recall everything unread")
        yield "sent-verdict", page
        press_folded(page, url, "Delete the list", "Delete the list")
        yield "sent-forget", page
        press(page, "Yes, delete the list")
        yield "sent-forgotten", page


def press_folded(page: Page, url: str, summary: str, button: str) -> None:
    """Press a button of the list that is folded away."""
    page.goto(f"{url}/sent")
    page.locator("summary", has_text=summary).click()
    press(page, button)


def _errors(browser: Browser, service: Service) -> Iterator[tuple[str, Page]]:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{service.url}/m/Lnothing")
        yield "error-not-found", page
        page.goto(service.url)
        page.locator("#text").fill(LETTER)
        store = service.pid_of("valkey-server")
        os.kill(store, signal.SIGSTOP)
        try:
            press(page, "Create link")
            yield "compose-unavailable", page
            page.goto(f"{service.url}/m/L{'A' * 34}")
            yield "error-unavailable", page
        finally:
            os.kill(store, signal.SIGCONT)
