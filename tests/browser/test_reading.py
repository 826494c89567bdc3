"""Readers do not lose a message that they opened, and the sender gets their feedback."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.tour import LETTER, PATIENCE_MS, press, read
from tests.support.api import Api
from tests.support.processes import Service

LEASE_SECONDS = 2
OPENED_MS = 10_000


@pytest.fixture(scope="module")
def brief_service(tmp_path_factory):
    """Here a lease is over before one has yawned."""
    folder = tmp_path_factory.mktemp("brief")
    with Service(folder, RESTANTE_LEASE=str(LEASE_SECONDS)) as service:
        yield service


@pytest.fixture
def sent(service):
    return Api(service.url).send(LETTER)


def address_of(sent):
    return sent.answer["links"][0]["url"]


def letter_on(page):
    return page.locator("#letter")


def events_of(service, sent):
    return [event["type"] for event in Api(service.url).message(sent.control)["events"]]


def runs_scripts(page):
    expect(letter_on(page)).to_contain_text("4711")
    return page.locator("[data-print]").is_visible()


def beside(reader, act):
    """Do what opens a page beside this one, and return that page: this one keeps its text."""
    with reader.context.expect_page() as opened:
        act()
    expect(letter_on(reader)).to_contain_text("4711")
    return opened.value


def test_a_reload_and_a_way_back_show_it_again_within_the_lease(service, sent, person):
    reader = person()
    read(reader, address_of(sent))
    expect(letter_on(reader)).to_contain_text("4711")
    has_scripts = runs_scripts(reader)
    reader.reload()
    if has_scripts:  # nobody is asked whether to send a form again
        press(reader, "Show it again")
    expect(letter_on(reader)).to_contain_text("4711")
    reader.goto(f"{address_of(sent)}/recorded")
    if has_scripts:
        reader.go_back()
    else:  # going back, the browser asks whether to send the form again
        reader.goto(address_of(sent))
    press(reader, "Show it again")

    expect(letter_on(reader)).to_contain_text("4711")
    assert events_of(service, sent).count("link.revealed") == 1


def test_a_reload_after_the_lease_says_what_became_of_it(brief_service, person):
    reader = person()
    read(reader, address_of(Api(brief_service.url).send(LETTER)))
    expect(letter_on(reader)).to_contain_text("4711")
    reader.wait_for_timeout(LEASE_SECONDS * 1_000 + 100)
    reader.reload()

    expect(reader.locator("h1")).to_have_text("You opened this message.")
    expect(reader.locator("main")).to_contain_text("It can no longer be shown again here.")
    expect(reader.get_by_role("button", name="That was not me")).to_have_count(0)


def test_a_message_whose_answer_was_lost_is_shown_again(service, sent, person):
    reader = person()
    swallowed = []

    def swallow(route):
        if route.request.method == "POST" and not swallowed:
            swallowed.append(route.fetch().text())
            route.abort("connectionreset")
        else:
            route.continue_()

    reader.route(re.compile("/m/"), swallow)
    read(reader, address_of(sent))
    expect(letter_on(reader)).to_have_count(0)
    # The link is clicked once more, in the mail.
    reader.goto(address_of(sent))
    expect(reader.locator("h1")).to_have_text("You opened this message.")
    press(reader, "Show it again")

    assert "4711" in swallowed[0]
    expect(letter_on(reader)).to_contain_text("4711")
    assert events_of(service, sent).count("link.revealed") == 1


def test_a_reader_keeps_it_for_longer(service, sent, person):
    reader = person()
    read(reader, address_of(sent))
    has_scripts = runs_scripts(reader)

    def keep():
        press(reader, "Keep it readable for 10 minutes")

    kept = keep() or reader if has_scripts else beside(reader, keep)

    expect(kept.locator(".actions .remaining")).to_have_text(
        re.compile(r"(9:\d\d|10:00|10 minutes)")
    )
    expect(letter_on(kept)).to_contain_text("4711")
    if has_scripts:
        expect(reader.get_by_role("status").last).to_have_text("Kept readable here for longer.")
    assert events_of(service, sent)[-1] in {"link.prolonged", "link.acknowledged"}
    assert events_of(service, sent).count("link.prolonged") == 1


def test_with_a_passphrase_it_is_kept_for_longer_too(service, person):
    reader = person()
    sent = Api(service.url).send(LETTER, passphrase="blue tin")
    read(reader, address_of(sent), "blue tin")
    button = reader.get_by_role("button", name="Keep it readable for 10 minutes")
    if runs_scripts(reader):
        button.locator("visible=true").click()
        kept = reader
    else:
        reader.locator("summary").click()
        reader.get_by_label("Passphrase").fill("blue tin")
        kept = beside(reader, button.locator("visible=true").click)

    expect(kept.locator(".actions .remaining")).to_have_text(
        re.compile(r"(9:\d\d|10:00|10 minutes)")
    )
    expect(letter_on(kept)).to_contain_text("4711")


def test_a_lease_that_ends_on_the_screen_takes_its_buttons_away(brief_service, browser):
    with browser.new_context() as context:
        page = context.new_page()
        read(page, address_of(Api(brief_service.url).send(LETTER)))
        expect(page.locator(".actions [data-countdown]")).to_contain_text(
            "can no longer be shown again"
        )

        expect(page.get_by_role("button", name="Keep it readable")).to_be_hidden()
        expect(page.get_by_role("button", name="Save as .txt")).to_be_hidden()
        expect(letter_on(page)).to_contain_text("4711")


def test_a_failed_extension_is_shown_and_a_done_one_is_offered_again_later(service, sent, browser):
    with browser.new_context() as context:
        page = context.new_page()
        page.clock.install()
        read(page, address_of(sent))
        expect(letter_on(page)).to_contain_text("4711")
        button = page.locator("[data-prolong] button")
        context.set_offline(True)
        button.click()
        expect(page.locator("#said")).to_contain_text("That did not work")
        seen = page.locator("#said").bounding_box()
        context.set_offline(False)
        button.click()
        expect(button).to_have_text("Kept readable here for longer.")
        expect(page.locator(".term")).to_contain_text(re.compile(r"9:\d\d|10:00"))
        hidden = page.locator("#said").bounding_box()
        page.clock.run_for(90_000)

        expect(button).to_have_text("Keep it readable for 10 minutes")
        expect(button).not_to_have_attribute("aria-disabled", "true")
        assert (seen["height"] > 10, hidden["height"]) == (True, 1)


def test_whoever_finds_it_opened_tells_the_sender_that_it_was_not_him(service, sent, person):
    thief, reader, sender = person(), person(), person()
    read(thief, address_of(sent))
    expect(letter_on(thief)).to_contain_text("4711")
    reader.goto(address_of(sent))
    expect(reader.locator("main")).to_contain_text("Opened by a browser that was not this one")
    expect(reader.locator("main")).to_contain_text("Once, on")
    reader.wait_for_timeout(PATIENCE_MS)
    press(reader, "That was not me: tell the sender")
    expect(reader.locator("h1")).to_have_text("The sender is told.")
    reader.goto(address_of(sent))
    expect(reader.locator("main")).to_contain_text("You have told the sender that it was not you.")
    sender.goto(sent.answer["control_url"])
    press(sender, "I am the sender: go on")

    expect(sender.locator(".alarm-notice")).to_contain_text("Somebody else may have read this.")
    assert events_of(service, sent).count("link.disputed") == 1


def test_a_dispute_without_cookies_meets_one_number(service, sent, person):
    thief, reader = person(), person()
    read(thief, address_of(sent))
    expect(letter_on(thief)).to_contain_text("4711")
    reader.goto(address_of(sent))
    reader.context.clear_cookies()
    press(reader, "That was not me: tell the sender")
    reader.get_by_label("Enter the number").fill("1")
    press(reader, "That was not me: tell the sender")
    expect(reader.locator(".fault")).to_be_visible()
    reader.get_by_label("Enter the number").fill(reader.locator("#wanted").inner_text())
    press(reader, "That was not me: tell the sender")

    expect(reader.locator("h1")).to_have_text("The sender is told.")


def test_a_reader_says_that_it_was_read_and_keeps_the_text_at_hand(service, sent, person):
    reader = person()
    read(reader, address_of(sent))
    if runs_scripts(reader):
        press(reader, "I have read this")
        expect(reader.locator("[data-confirm] button")).to_have_text(
            "The sender is told that you have read it."
        )
        expect(reader.get_by_role("status").last).to_have_text(
            "The sender is told that you have read it."
        )
    else:
        told = beside(reader, lambda: press(reader, "I have read this"))
        expect(told.locator("h1")).to_have_text("The sender is told that you have read it.")
        press(told, "Show it again")
        expect(letter_on(told)).to_contain_text("4711")
    expect(letter_on(reader)).to_contain_text("4711")

    assert events_of(service, sent).count("link.confirmed") == 1


def test_a_message_for_somebody_else_is_sent_back_unread(service, sent, person):
    stray, reader = person(), person()
    stray.goto(address_of(sent))
    stray.wait_for_timeout(PATIENCE_MS)
    press(stray, "This is not for me")
    expect(stray.locator("h1")).to_have_text("The sender is told that this was not for you.")
    read(reader, address_of(sent))
    expect(letter_on(reader)).to_contain_text("4711")
    press(reader, "This is not for me")
    expect(reader.locator("h1")).to_have_text("The sender is told that this was not for you.")
    reader.goto(address_of(sent))

    expect(reader.locator("h1")).to_have_text("You opened this message.")
    expect(letter_on(reader)).to_have_count(0)


def test_a_reader_sees_what_was_recorded(service, sent, person):
    reader, other = person(), person()
    read(reader, address_of(sent))
    recorded = beside(reader, reader.get_by_role("link", name="What was recorded").click)
    expect(recorded.locator(".timeline").first).to_contain_text("this browser")
    expect(recorded.locator(".timeline").first).to_contain_text("Chrome on Linux · 127.0.0.0/24")
    other.goto(f"{address_of(sent)}/recorded")
    expect(other.locator(".timeline").first).to_contain_text("Shown to someone who had this link")

    expect(other.locator(".timeline").first).not_to_contain_text("127.0.0")


def test_time_on_screen_counts_while_the_page_is_visible_and_is_sent_on_leaving(
    service, sent, browser
):
    with browser.new_context() as context:
        page = context.new_page()
        read(page, address_of(sent))
        expect(letter_on(page)).to_contain_text("4711")
        page.wait_for_timeout(2_200)
        page.goto("about:blank")
        page.wait_for_timeout(300)
        link = Api(service.url).message(sent.control)["links"][0]

    assert 2 <= link["on_screen_seconds"] <= OPENED_MS / 1_000


def test_a_page_that_nobody_sees_is_not_counted(service, sent, browser):
    with browser.new_context() as context:
        page = context.new_page()
        page.add_init_script(
            "Object.defineProperty(document, 'visibilityState', { get: () => 'hidden' })"
        )
        read(page, address_of(sent))
        expect(letter_on(page)).to_contain_text("4711")
        page.wait_for_timeout(1_500)
        page.goto("about:blank")
        page.wait_for_timeout(300)
        link = Api(service.url).message(sent.control)["links"][0]

    assert (link["on_screen_seconds"], link["acknowledged_at"]) == (0, None)


def test_the_print_button_prints_the_letter_and_no_buttons(service, sent, browser):
    with browser.new_context() as context:
        page = context.new_page()
        page.add_init_script("window.print = () => { document.title = 'printed'; };")
        read(page, address_of(sent))
        press(page, "Print")
        expect(page).to_have_title("printed")
        page.emulate_media(media="print")

        expect(letter_on(page)).to_be_visible()
        assert page.get_by_role("button").count() == 0


def test_the_text_is_copied_whole(service, sent, browser):
    with browser.new_context(permissions=["clipboard-read", "clipboard-write"]) as context:
        page = context.new_page()
        read(page, address_of(sent))
        press(page, "Copy the text")
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        copied = page.evaluate("navigator.clipboard.readText()")

    assert copied == LETTER
