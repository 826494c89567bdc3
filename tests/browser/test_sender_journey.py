"""The sender's whole way in real browsers: from the empty page to the verdict, and to nothing."""

import time

from playwright.sync_api import expect

from tests.browser.test_journeys import letter_on
from tests.browser.tour import LETTER, press, read, unfold

PASSPHRASE = "blue tin"
PEOPLE = "Torres, Ana <ana@x.example>; Ben"
SOON_MS = 8_000


def write_to_two(page, service, hold="0"):
    """Write to Ana and Ben; return their addresses in this order."""
    page.goto(service.url)
    page.get_by_label("Message", exact=True).fill(LETTER)
    unfold(page)
    page.get_by_label("Names or addresses").fill(PEOPLE)
    page.get_by_label("Subject").fill("The side door")
    # Nobody waits a minute here.
    page.locator("#hold option").nth(1).evaluate("(option) => { option.value = '6'; }")
    page.get_by_label("Delay before it opens").select_option(hold)
    press(page, "Create link")
    expect(page.locator("#ways-2 code")).to_be_visible()
    return page.locator(".ways-of-link code").all_inner_texts()


def facts(page, number):
    return page.locator(f"#facts-{number}")


def verdict(page, name):
    return page.locator("table.verdicts tbody tr", has_text=name)


def see(page, number, words):
    """Expect these words beside a link: they come by themselves, or with the next look."""
    if not page.evaluate("Boolean(window.start)"):
        page.reload()
    expect(facts(page, number)).to_contain_text(words, timeout=SOON_MS)


def is_scripted(request):
    return "without" not in request.node.name


def test_from_the_empty_page_to_the_verdict_with_two_recipients(service, person, request):
    sender, ana, ben = person(), person(), person()
    to_ana, to_ben = write_to_two(sender, service, hold="6")
    opens_at = time.monotonic() + 6
    expect(sender.locator("h1")).to_have_text("It does not open yet. Nobody can have read it.")
    expect(sender.get_by_role("button", name="Undo: take it back")).to_be_visible()
    ana.goto(to_ana)
    expect(ana.locator("h1")).to_have_text("This message does not open yet.")
    ana.wait_for_timeout(max(0.0, opens_at - time.monotonic()) * 1_000)

    # It opened meanwhile, and Ana was quick: the undo comes too late for her link.
    read(ana, to_ana)
    expect(letter_on(ana)).to_contain_text("4711")
    if is_scripted(request):
        expect(facts(sender, 1)).to_contain_text("Opened", timeout=SOON_MS)
        expect(sender.get_by_role("button", name="Undo: take it back")).to_have_count(0)
        press(sender, "Recall all remaining links")
    else:
        press(sender, "Undo: take it back")
    expect(sender.locator("h1")).to_have_text("1 of 2 links was opened. None opens any more.")
    expect(verdict(sender, "Ana")).to_contain_text("came too late: it had been read.")
    expect(verdict(sender, "Ben")).to_contain_text("Nobody opened it.")
    expect(verdict(sender, "Ben")).to_contain_text("it can no longer be opened.")
    ben.goto(to_ben)

    expect(ben.locator("h1")).to_have_text("The sender took this message back.")


def test_one_of_two_is_recalled_the_other_paused_and_resumed_and_all_forgotten(service, person):
    sender, ana, ben = person(), person(), person()
    to_ana, to_ben = write_to_two(sender, service)
    control = sender.url
    sender.locator("summary", has_text="Pause the message").click()
    press(sender, "Pause the message")
    expect(sender.locator("h1")).to_have_text("It is paused. Nobody has opened it.")
    ana.goto(to_ana)
    expect(ana.locator("h1")).to_have_text("This message is not open at the moment.")
    press(sender, "Resume the message")
    expect(sender.locator("h1")).to_have_text("It is waiting. Nobody has opened it.")

    sender.get_by_role("button", name="Recall only the link for Ben").click()
    expect(verdict(sender, "Ben")).to_contain_text("it can no longer be opened.")
    expect(verdict(sender, "Ana")).to_contain_text("Not recalled: it can be opened until")
    sender.get_by_role("link", name="Back to the message").click()
    expect(facts(sender, 2)).to_contain_text("Nobody has read it. It can no longer be read.")
    expect(facts(sender, 1)).to_contain_text("Nobody has opened it.")
    ben.goto(to_ben)
    expect(ben.locator("h1")).to_have_text("The sender took this message back.")
    read(ana, to_ana)
    expect(letter_on(ana)).to_contain_text("4711")
    see(sender, 1, "Shown once to someone who had this link.")
    expect(sender.locator("h1")).to_have_text("1 of 2 links was opened. None opens any more.")

    sender.locator("summary", has_text="Delete everything").click()
    press(sender, "Delete everything")
    expect(sender.get_by_text("The side door")).to_be_visible()
    press(sender, "Yes, delete everything")
    expect(sender.locator("h1")).to_have_text("Nothing of this message is left here.")
    for page, lost in ((sender, control), (ana, to_ana), (ben, to_ben)):
        assert page.goto(lost).status == 404


def test_an_undo_in_time_prevents_everything_and_says_so(service, person):
    sender, ana = person(), person()
    to_ana, _ = write_to_two(sender, service, hold="300")
    ana.goto(to_ana)
    press(sender, "Undo: take it back")
    expect(sender.locator("h1")).to_have_text(
        "Nobody can have read it. It was taken back before it opened."
    )
    ana.reload()

    expect(ana.locator("h1")).to_have_text("The sender took this message back.")


def test_a_new_text_after_the_first_reader_reaches_the_second_only(service, person):
    sender, ana, ben = person(), person(), person()
    to_ana, to_ben = write_to_two(sender, service)
    read(ana, to_ana)
    expect(letter_on(ana)).to_contain_text("4711")
    sender.reload()
    sender.locator("summary", has_text="Replace the text").click()
    sender.get_by_label("New text").fill("The code is 1704.")
    press(sender, "Replace the text")
    expect(sender.locator("#timeline")).to_contain_text("Text replaced")
    read(ben, to_ben)

    expect(letter_on(ben)).to_have_text("The code is 1704.")
    expect(letter_on(ana)).to_contain_text("4711")


def test_a_made_passphrase_goes_from_the_senders_page_to_the_reader(service, person):
    """As by telephone: the sender reads it from the page, the reader types it."""
    sender, reader = person(), person()
    sender.goto(service.url)
    sender.get_by_label("Message", exact=True).fill(LETTER)
    unfold(sender)
    press(sender, "Make one")
    expect(sender.get_by_label("Passphrase")).not_to_have_value("")
    press(sender, "Create link")
    said = sender.locator("#told").inner_text()
    address = sender.locator("code").first.inner_text()
    read(reader, address, f" {said} ")

    expect(letter_on(reader)).to_contain_text("4711")
