"""The journeys of people in a real browser, with scripts and without."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser import tour
from tests.browser.tour import LETTER, PATIENCE_MS, press, read
from tests.support.api import Api


def write(page, service, text=LETTER, **fields):
    """Write and send by hand; return the address of the first link."""
    page.goto(service.url)
    page.get_by_label("Message", exact=True).fill(text)
    if fields:
        tour.unfold(page)
    for label, value in fields.items():
        page.get_by_label(label).fill(value)
    press(page, "Create link")
    return page.locator("code").first.inner_text()


def letter_on(page):
    return page.locator("#letter")


def test_what_was_written_is_read_once_and_the_sender_learns_of_it(service, person):
    sender, reader, second = person(), person(), person()
    address = write(sender, service)
    expect(sender.locator("h1")).to_contain_text("Nobody")
    read(reader, address)
    shown = letter_on(reader).inner_text()
    second.goto(address)

    assert shown.strip() == LETTER.strip()
    expect(second.locator("h1")).to_have_text("This message has been opened.")
    sender.reload()
    expect(sender.locator("main")).to_contain_text("Shown to someone who had this link")


def test_the_same_browser_is_shown_it_again_until_it_is_done(service, person):
    reader = person()
    address = Api(service.url).send(LETTER).answer["links"][0]["url"]
    read(reader, address)
    expect(letter_on(reader)).to_contain_text("4711")
    reader.goto(address)
    expect(reader.locator("h1")).to_have_text("You opened this message.")
    press(reader, "Show it again")
    expect(letter_on(reader)).to_contain_text("4711")
    press(reader, "Done, destroy it now")
    expect(reader.locator("h1")).to_have_text("Done. It is gone from here.")
    reader.goto(address)

    expect(reader.locator("h1")).to_have_text("You opened this message.")
    expect(reader.get_by_role("button")).to_have_count(0)


def test_a_recalled_message_is_a_dead_link_that_says_why(service, person):
    sender, reader = person(), person()
    address = write(sender, service)
    sender.get_by_label("Reason").fill("I mixed up two customers.")
    press(sender, "Recall the message")
    expect(sender.locator("h1")).to_have_text("Nobody has read it. It can no longer be read.")
    reader.goto(address)

    expect(reader.locator("h1")).to_have_text("The sender took this message back.")
    expect(reader.locator("blockquote")).to_have_text("I mixed up two customers.")


def test_a_recall_that_comes_too_late_says_so(service, person):
    sender, reader = person(), person()
    address = write(sender, service, **{"How often": "2"})
    read(reader, address)
    expect(letter_on(reader)).to_contain_text("4711")
    sender.reload()
    press(sender, "Recall the message")

    expect(sender.locator("main")).to_contain_text("What was shown before cannot be unshown.")
    sender.get_by_role("link", name="Back to the message").click()
    expect(sender.locator("main")).to_contain_text("Recalled after it was read; no further views")


def test_a_link_that_was_spent_before_is_not_called_recalled(service, person):
    sender, reader = person(), person()
    address = write(sender, service, **{"Names or addresses": "Ana\nBen"})
    read(reader, address)
    expect(letter_on(reader)).to_contain_text("4711")
    press(sender, "Recall all remaining links")

    sender.get_by_role("link", name="Back to the message").click()
    spent, recalled = sender.locator(".links > li").all()
    expect(spent).to_contain_text("The recall came too late")
    expect(spent).to_contain_text("The recall was asked for on")
    expect(spent).not_to_contain_text("Recalled on")
    expect(recalled).to_contain_text("Recalled on")


def test_a_wrong_passphrase_loses_nothing_but_a_try(service, person):
    sender, reader = person(), person()
    address = write(sender, service, Passphrase="blue tin")
    read(reader, address, "red tin")
    expect(reader.locator(".fault")).to_contain_text("One try is left")
    reader.get_by_label("Passphrase").fill("blue tin")
    reader.wait_for_timeout(PATIENCE_MS)
    press(reader, "Open the message")

    expect(letter_on(reader)).to_contain_text("4711")


def pass_second_step(page):
    page.get_by_label("Enter the number").fill(page.locator("#wanted").inner_text())
    press(page, "Open the message")


def test_a_press_within_a_second_asks_for_a_number_that_opens(service, person):
    reader = person()
    for _ in range(8):
        reader.goto(Api(service.url).send(LETTER).answer["links"][0]["url"])
        press(reader, "Open the message")
        if reader.locator("#wanted").count():
            break  # else this machine was no quicker than a person
    expect(reader.locator("h1")).to_have_text("One more step")
    reader.get_by_label("Enter the number").fill("1")
    press(reader, "Open the message")
    expect(reader.locator(".fault")).to_be_visible()
    pass_second_step(reader)
    expect(letter_on(reader)).to_contain_text("4711")
    press(reader, "Done, destroy it now")

    expect(reader.locator("h1")).to_have_text("Done. It is gone from here.")


def test_a_person_without_cookies_meets_one_number_and_gets_in(service, person):
    reader = person()
    reader.goto(Api(service.url).send(LETTER).answer["links"][0]["url"])
    reader.wait_for_timeout(PATIENCE_MS)
    reader.context.clear_cookies()
    press(reader, "Open the message")
    expect(reader.locator("h1")).to_have_text("One more step")
    reader.context.clear_cookies()
    pass_second_step(reader)

    expect(letter_on(reader)).to_contain_text("4711")


@pytest.mark.parametrize("litter", [">", ").", "%27", '"', "%E2%80%9D,", "/x"])
def test_an_address_with_litter_behind_it_opens_for_a_person(service, person, litter):
    reader = person()
    read(reader, Api(service.url).send(LETTER).answer["links"][0]["url"] + litter)

    expect(letter_on(reader)).to_contain_text("4711")


def test_only_the_senders_browser_sees_the_private_page_unasked(service, person):
    sender, other = person(), person()
    address = write(sender, service)
    other.goto(sender.url)
    expect(other.locator("h1")).to_have_text("This is the sender’s private page.")
    assert address not in other.content()
    press(other, "I am the sender: go on")

    expect(other.locator("code").first).to_have_text(address)


def test_a_replaced_text_is_what_the_reader_finds(service, person):
    sender, reader = person(), person()
    address = write(sender, service)
    sender.get_by_text("Replace the text").first.click()
    sender.get_by_label("New text").fill("The code is 1704.")
    sender.locator("form[action$=replace] button").click()
    read(reader, address)

    expect(letter_on(reader)).to_have_text("The code is 1704.")


def test_a_browser_that_opened_one_view_may_open_another(service, person):
    reader = person()
    address = Api(service.url).send(LETTER, views=2).answer["links"][0]["url"]
    for done, said in (
        ("Done, end this view now", "Done."),
        ("Done, destroy it now", "Done. It is gone from here."),
    ):
        read(reader, address)
        expect(letter_on(reader)).to_contain_text("4711")
        press(reader, done)
        expect(reader.locator("h1")).to_have_text(said)
    reader.goto(address)

    expect(reader.locator("h1")).to_have_text("You opened this message.")
    expect(reader.get_by_role("button")).to_have_count(0)


def test_a_faulty_form_gives_everything_back(service, person):
    sender = person()
    sender.goto(service.url)
    sender.get_by_label("Message", exact=True).fill("Dear Ana")
    tour.unfold(sender)
    sender.get_by_label("Passphrase").fill("blue tin")
    sender.get_by_label("Subject").fill("x" * 150)
    sender.get_by_label("Names or addresses").fill("y" * 201)
    press(sender, "Create link")

    expect(sender.get_by_label("Message", exact=True)).to_have_value("Dear Ana")
    expect(sender.get_by_label("Passphrase")).to_have_value("blue tin")
    expect(sender.get_by_label("Names or addresses")).to_have_value("y" * 201)
    expect(sender.locator(".fault")).to_have_count(1)


def test_the_text_is_saved_byte_for_byte(service, person):
    reader = person(accept_downloads=True)
    text = "emoji 🎈, שלום, <b>no bold</b>\r\nand a last line"
    read(reader, Api(service.url).send(text).answer["links"][0]["url"])
    with reader.expect_download() as download:
        press(reader, "Save as .txt")
    with open(download.value.path(), "rb") as saved:  # noqa: PTH123
        content = saved.read()

    assert content == text.encode()


def test_with_scripts_the_sender_learns_that_it_arrived(service, browser):
    """And times stand in the reader's own zone."""
    with browser.new_context(timezone_id="America/Bogota", locale="en-GB") as context:
        page = context.new_page()
        message = Api(service.url).send(LETTER)
        page.goto(message.answer["links"][0]["url"])
        zone = page.locator("time").first.inner_text()
        with page.expect_response(re.compile("/acknowledge$")) as said:
            page.wait_for_timeout(PATIENCE_MS)
            press(page, "Open the message")
        status = Api(service.url).message(message.control)

    assert zone.endswith("GMT-5")
    assert said.value.status == 204
    assert status["links"][0]["acknowledged_at"]
    assert status["links"][0]["state"] == "spent"
