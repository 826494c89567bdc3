"""The sender's mails in a real browser: the consent, the news, the end of one message's and of all.

The mails themselves are opened in the browser, as a mail program shows them.
"""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from restante import i18n
from restante.commands.store import services_for
from restante.settings import Settings
from tests.browser import tour
from tests.browser.conftest import learn
from tests.browser.test_journeys import letter_on
from tests.browser.tour import press, read
from tests.support import canaries
from tests.support.mailserver import MailServer
from tests.support.processes import Service, wait_until
from tests.support.senders import html_of, text_of

TELEPHONE = {"width": 375, "height": 740}
READABLE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with (
        MailServer() as mail,
        Service(
            tmp_path_factory.mktemp("mails"),
            **tour.SETTINGS,
            RESTANTE_SMTP_URL=mail.url,
            RESTANTE_MAIL_FROM="Letters <letters@example.net>",
        ) as service,
    ):
        yield service, mail


@pytest.fixture
def people(browser):
    """Open windows of people who have no cookies in common."""
    contexts = []

    def open_window(language):
        context = browser.new_context(locale=language, timezone_id="Europe/Madrid")
        context.set_default_timeout(10_000)
        context.on("request", learn)
        contexts.append(context)
        return context.new_page()

    yield open_window
    for context in contexts:
        context.close()


class Mailbox:
    """The mails to one address, shown by a browser."""

    def __init__(self, server, service, page, to):
        self.server, self.service, self.page, self.to = server, service, page, to

    def mails(self, many):
        """Return all mails to this address, once there are so many and nothing waits any more."""
        wait_until(lambda: len(self._mine()) >= many, 30)
        return self._mine()

    def stays_at(self, many):
        """Wait until the worker has done all that is due; the mails are as many as before."""
        with services_for(Settings(data_dir=self.service.data_dir)) as services:
            left = services.delivering.waiting
            # A message that was told of may have to wait a minute before the next.
            wait_until(lambda: not any(one.events_left for one in left()), 90)
        assert len(self._mine()) == many

    def open(self, mail):
        """Show a mail as a telephone does, light and dark: readable, and nothing cut off."""
        self.page.set_viewport_size(TELEPHONE)
        for scheme in ("dark", "light"):
            self.page.emulate_media(color_scheme=scheme)
            self.page.goto("about:blank")
            self.page.set_content(html_of(mail))
            assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            found = Axe().run(self.page, options=READABLE).response["violations"]
            assert [fault["id"] for fault in found] == []
        return self.page

    def _mine(self):
        return [one for one in self.server.mails if one["To"] == self.to]


def write(page, service, say, to):
    """Send a message that may be opened three times; be told of each."""
    page.goto(service.url)
    page.get_by_label(say("Message"), exact=True).fill(tour.LETTER)
    tour.unfold(page)
    page.locator("[name=views]").fill("3")
    page.get_by_label(say("Your e-mail address")).fill(to)
    page.locator("input[name='notify.opened']").check()
    press(page, say("Create link"))
    return page.locator("#link-1").inner_text()


def look_at(page, language):
    expect(page.locator("html")).to_have_attribute("lang", language)
    assert [fault["id"] for fault in Axe().run(page).response["violations"]] == []


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_sender_consents_is_told_of_the_first_opening_mutes_and_unsubscribes(
    served, people, language
):
    service, server = served
    say = i18n.spoken(language).gettext
    sender, owner, reader = people(language), people(language), people("en")
    to = f"{language}.of.the.journey@example.com"
    canaries.learn("mail address", to)
    box = Mailbox(server, service, owner, to)
    link = write(sender, service, say, to)
    control = sender.url

    [ask] = box.mails(1)
    assert tour.LETTER.split()[0] not in ask.as_string()
    box.open(ask).get_by_text(say("Open the page to answer")).click()
    expect(owner.locator("h1")).to_have_text(say("Do you want these e-mails?"))
    look_at(owner, language)
    press(owner, say("Yes, send me these e-mails"))
    expect(owner.locator("h1")).to_have_text(say("You get e-mails from this service."))
    look_at(owner, language)
    read(reader, link)
    expect(letter_on(reader)).to_contain_text("4711")
    _, news = box.mails(2)
    assert say("Opened for the first time, by someone who had this link") in text_of(news)
    expect(box.open(news).locator("h1")).to_contain_text(news["Subject"])

    sender.goto(control)
    sender.locator("#notify > summary").click()
    expect(sender.locator("#notify")).to_contain_text(to)
    press(sender, say("No more e-mails about this message"))
    expect(sender.locator("#notify")).not_to_contain_text(to)
    reader.context.clear_cookies()
    read(reader, link)
    expect(letter_on(reader)).to_contain_text("4711")
    box.stays_at(2)

    # The sender's next message needs no new consent, until its owner unsubscribes.
    second = write(sender, service, say, to)
    reader.context.clear_cookies()
    read(reader, second)
    *_, last = box.mails(3)
    box.open(last).get_by_text(say("Stop these e-mails")).click()
    press(owner, say("Stop these e-mails"))
    expect(owner.locator("h1")).to_have_text(say("These e-mails have stopped."))
    look_at(owner, language)
    third = write(sender, service, say, to)
    reader.context.clear_cookies()
    read(reader, third)
    box.stays_at(3)
