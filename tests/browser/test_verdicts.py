"""Taking back in a real browser: one of two, several of many, in time and too late."""

import base64
import re

import pytest
import zxingcpp
from playwright.sync_api import expect

from tests.browser.test_journeys import letter_on, write
from tests.browser.tour import press, read, send

PEOPLE = [f"Reader {n}" for n in range(1, 13)]
PIXELS = """([svg, size]) => new Promise((done) => {
  const image = new Image(size, size);
  image.onload = () => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = size;
    const drawn = canvas.getContext("2d");
    drawn.drawImage(image, 0, 0, size, size);
    const { data } = drawn.getImageData(0, 0, size, size);
    done(btoa(String.fromCharCode(...data.filter((_, at) => at % 4 === 0))));
  };
  const named = svg.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"');
  image.src = "data:image/svg+xml;base64," + btoa(named);
})"""
SIDE = 300


def open_control(page, sent, verb=""):
    page.goto(sent["control_url"])
    press(page, "I am the sender: go on")
    page.goto(sent["control_url"] + verb)


def test_one_of_two_is_recalled_and_the_other_still_opens(service, person):
    sender, ana, ben = person(), person(), person()
    write(sender, service, **{"Names or addresses": "Ana\nBen"})
    of_ana, of_ben = sender.locator("code").all_inner_texts()
    sender.get_by_role("button", name="Recall only the link for Ben").click()
    expect(sender.locator("h1")).to_have_text(
        "1 of 2 links is recalled. Others can still be opened."
    )
    verdicts = sender.locator(".verdicts tbody tr")
    expect(verdicts.nth(0)).to_contain_text("Nobody opened it.")
    expect(verdicts.nth(0)).to_contain_text("it can no longer be opened")
    expect(verdicts.nth(1)).to_contain_text("Still open")
    ben.goto(of_ben)
    expect(ben.locator("h1")).to_have_text("The sender took this message back.")
    read(ana, of_ana)
    expect(letter_on(ana)).to_contain_text("4711")
    sender.get_by_role("link", name="Back to the message").click()
    expect(sender.locator("h1")).to_contain_text("1 of 2 links was opened.")
    sender.get_by_role("link", name="Report").click()

    expect(verdicts.nth(1)).to_contain_text("It was shown once to someone who had this link")


def test_an_undo_in_time_says_that_nobody_can_have_read_it(service, person):
    sender, reader = person(), person()
    sent = send(service.url, hold=600)
    open_control(sender, sent)
    expect(sender.locator("h1")).to_have_text("It does not open yet. Nobody can have read it.")
    press(sender, "Undo: take it back")
    expect(sender.locator("h1")).to_have_text(
        "Nobody can have read it. It was taken back before it opened."
    )
    reader.goto(sent["links"][0]["url"])

    expect(reader.locator("h1")).to_have_text("The sender took this message back.")


def test_an_undo_that_comes_too_late_says_what_was_shown(service, person):
    sender, reader = person(), person()
    sent = send(service.url, hold=2, views=2)
    sender.route(re.compile("/changes"), lambda route: route.abort())
    open_control(sender, sent)
    undo = sender.get_by_role("button", name="Undo: take it back")
    expect(undo).to_be_visible()
    reader.wait_for_timeout(2_000)
    read(reader, sent["links"][0]["url"])
    expect(letter_on(reader)).to_contain_text("4711")
    undo.click()

    expect(sender.locator("h1")).to_have_text(
        "It was opened before you recalled it. It does not open again."
    )
    expect(sender.locator(".verdicts")).to_contain_text("What was shown before cannot be unshown.")


def test_the_countdown_ends_with_what_is_so_then(service, browser):
    with browser.new_context() as context:
        page = context.new_page()
        open_control(page, send(service.url, hold=4))
        expect(page.locator("[data-opens-in] b")).to_have_text(re.compile(r"^0:0[1-4]$"))
        expect(page.locator("h1")).to_have_text("It is waiting. Nobody has opened it.")

        expect(page.get_by_role("button", name="Undo: take it back")).to_have_count(0)
        expect(page.locator("#news")).to_have_text("It is waiting. Nobody has opened it.")


def test_several_of_many_are_marked_and_recalled(service, person):
    sender = person(viewport={"width": 375, "height": 800})
    sent = send(service.url, recipients=PEOPLE)
    open_control(sender, sent)
    lines = sender.locator(".lines tbody tr")
    expect(lines).to_have_count(12)
    bar = sender.locator(".marked-bar").get_by_role("button")
    expect(bar).to_be_hidden()
    for name in ("Mark Reader 3", "Mark Reader 11"):
        sender.get_by_label(name, exact=True).check()
    for height, position in ((215, "static"), (800, "sticky")):  # a wide screen at 400 %
        sender.set_viewport_size({"width": 320, "height": height})
        expect(sender.locator(".marked-bar")).to_have_css("position", position)
    sender.get_by_role("link", name="Take it back").click()
    expect(sender.get_by_role("heading", name="Take it back")).to_be_in_viewport()
    bar.click()
    expect(sender.locator("h1")).to_have_text(
        "2 of 12 links are recalled. Others can still be opened."
    )
    sender.get_by_role("link", name="Back to the message").click()
    sender.get_by_role("navigation", name="Show only").get_by_text("Ended unread").click()
    expect(lines).to_have_count(2)
    expect(lines.first).to_contain_text("Recalled unread")
    sender.get_by_role("navigation", name="Show only").get_by_text("Not opened").click()

    expect(lines).to_have_count(10)


def test_among_cards_links_are_marked_beside_the_button(service, person):
    sender = person()
    open_control(sender, send(service.url, recipients=["Ana", "Ben", "Cy"]))
    press(sender, "Recall the marked links")
    expect(sender.get_by_role("alert")).to_contain_text("Mark the links to be recalled first.")
    boxes = sender.get_by_role("group", name="Which links?")
    for name in ("Ana", "Cy"):
        boxes.get_by_label(name).check()
    press(sender, "Recall the marked links")

    expect(sender.locator(".mark-prevented")).to_have_count(2)


def test_a_marked_line_stays_marked_when_something_happens_to_it(service, browser, person):
    with browser.new_context() as context:
        sender, reader = context.new_page(), person()
        sent = send(service.url, recipients=PEOPLE, views=2)
        open_control(sender, sent)
        sender.get_by_label("Mark Reader 2", exact=True).check()
        sender.get_by_label("Mark Reader 3", exact=True).check()
        read(reader, sent["links"][1]["url"])
        expect(sender.locator("#line-2")).to_contain_text("Opened", timeout=5_000)

        expect(sender.get_by_label("Mark Reader 2", exact=True)).to_be_checked()


def test_a_replaced_text_is_what_the_reader_gets(service, person):
    sender, reader = person(), person()
    address = write(sender, service)
    sender.locator("summary", has_text="Replace the text").click()
    sender.get_by_label("New text").fill("The code is 0815.")
    press(sender, "Replace the text")
    expect(sender.locator("#timeline")).to_contain_text("Text replaced")
    read(reader, address)

    expect(letter_on(reader)).to_have_text("The code is 0815.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_qr_code_leads_to_the_link(service, browser, person, scheme):
    sender = person(color_scheme=scheme)
    sent = send(service.url, recipients=["Ana", "Ben"])
    open_control(sender, sent)
    assert sender.locator(".qr").count() == 0
    sender.get_by_role("link", name="QR code").nth(1).click()
    expect(sender.locator("h1")).to_have_text("Ben")
    svg = sender.locator(".qr").evaluate("(code) => code.outerHTML")
    with browser.new_context() as context:
        drawn = base64.b64decode(context.new_page().evaluate(PIXELS, [svg, SIDE]))
    [found] = zxingcpp.read_barcodes(memoryview(drawn).cast("B", (SIDE, SIDE)))

    assert found.text == sent["links"][1]["url"]
    expect(sender.get_by_role("img", name="QR code of this link")).to_be_visible()


def test_on_paper_the_verdicts_stand_alone(service, browser):
    with browser.new_context() as context:
        page = context.new_page()
        open_control(page, send(service.url, recipients=["Ana", "Ben"]), "/verdict")
        page.emulate_media(media="print")

        expect(page.locator(".verdicts")).to_be_visible()
        expect(page.locator("h1")).to_be_visible()
        for hidden in (".top", ".foot", ".downloads >> nth=0"):
            expect(page.locator(hidden)).to_be_hidden()
