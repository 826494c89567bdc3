"""A sender pauses, resumes and forgets a message in a real browser; a reader sees each."""

from playwright.sync_api import expect

from tests.browser.test_journeys import letter_on, write
from tests.browser.tour import press, read

PHONE = {"width": 375, "height": 800}


def test_a_reader_comes_in_a_pause_and_again_after_it(service, person):
    sender, reader = person(), person(viewport=PHONE)
    address = write(sender, service)
    sender.locator("summary", has_text="Pause the message").click()
    press(sender, "Pause the message")
    expect(sender.locator("h1")).to_have_text("It is paused. Nobody has opened it.")
    reader.goto(address)
    expect(reader.locator("h1")).to_have_text("This message is not open at the moment.")
    expect(reader.get_by_role("link", name="Look again")).to_be_visible()

    press(sender, "Resume the message")
    expect(sender.locator("h1")).to_have_text("It is waiting. Nobody has opened it.")
    read(reader, address)
    expect(letter_on(reader)).to_contain_text("4711")


def test_a_reader_who_was_there_before_the_pause_keeps_the_text(service, person):
    sender, reader, late = person(), person(), person()
    address = write(sender, service, **{"How often": "2"})
    read(reader, address)
    expect(letter_on(reader)).to_contain_text("4711")
    sender.reload()
    sender.locator("summary", has_text="Pause the message").click()
    press(sender, "Pause the message")
    expect(sender.locator("h1")).to_have_text("It is paused. It was opened before.")
    expect(sender.locator("main")).to_contain_text("what was shown cannot be unshown")
    expect(sender.locator("main")).to_contain_text("one reader may still have it open")
    reader.goto(address)
    press(reader, "Show it again")
    expect(letter_on(reader)).to_contain_text("4711")
    late.goto(address)

    expect(late.locator("h1")).to_have_text("This message is not open at the moment.")


def test_a_message_is_forgotten_after_a_second_question(service, person):
    sender, reader = person(viewport=PHONE), person()
    address = write(sender, service)
    control = sender.url
    sender.locator("summary", has_text="Delete everything").click()
    press(sender, "Delete everything")
    expect(sender.locator("h1")).to_have_text("Delete everything about this message?")
    sender.get_by_role("link", name="No, go back").click()
    expect(sender.locator("h1")).to_have_text("It is waiting. Nobody has opened it.")
    sender.locator("summary", has_text="Delete everything").click()
    press(sender, "Delete everything")
    press(sender, "Yes, delete everything")
    expect(sender.locator("h1")).to_have_text("Nothing of this message is left here.")

    for page, lost in ((sender, control), (reader, address)):
        assert page.goto(lost).status == 404
