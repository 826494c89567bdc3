"""The sender's list in a real browser: another device, a new address, recall of many."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.test_journeys import letter_on, write
from tests.browser.tour import press, press_folded, read
from tests.support.api import Api, new_reader_key

PHONE = {"width": 375, "height": 800}


def rows(page):
    return page.locator(".sent > li")


def send_many(page, service, many):
    """Send by the browser's own form requests, without its pages; return the control tokens."""
    page.goto(service.url)
    sent = []
    for number in range(many):
        answer = page.context.request.post(
            service.url,
            form={"text": f"text {number}"},
            headers={"Sec-Fetch-Site": "same-origin"},
            max_redirects=0,
        )
        sent.append(answer.headers["location"].rpartition("/")[2])
    return sent


def open_link(page, service, control):
    """Read a message as its recipient."""
    page.goto(f"{service.url}/s/{control}")
    address = page.locator("code").first.inner_text()
    token = address.rpartition("/")[2]
    assert Api(service.url).reveal(token, new_reader_key()).status == 200


def test_the_list_opens_on_a_second_device_and_a_new_address_shuts_that_out(service, person):
    computer, phone, reader = person(), person(viewport=PHONE), person()
    address = write(computer, service)
    press_folded(computer, service.url, "On another device", "Show the address")
    way = computer.locator("#list-address").inner_text()
    expect(computer.locator(".qr")).to_be_visible()
    phone.goto(way)
    expect(phone.locator("h1")).to_have_text("Use this list of sent messages here?")
    press(phone, "It is mine: use it here")
    expect(phone.locator("h1")).to_have_text("What you sent")
    expect(rows(phone)).to_have_count(1)
    expect(rows(phone)).to_contain_text("It is waiting. Nobody has opened it.")
    rows(phone).get_by_role("link").click()
    expect(phone.locator("h1")).to_have_text("It is waiting. Nobody has opened it.")

    press_folded(computer, service.url, "Change its address", "Change the address")
    press(computer, "Yes, change the address")
    expect(computer.locator("h1")).to_have_text("Only this browser has the list now")
    phone.goto(f"{service.url}/sent")
    expect(phone.locator("main")).to_contain_text("This list is not here any more.")
    expect(rows(phone)).to_have_count(0)
    phone.goto(way)
    expect(phone.locator("main")).not_to_contain_text("It is waiting.")
    computer.goto(f"{service.url}/sent")
    expect(rows(computer)).to_have_count(1)
    # The control page knows the old secret; the list leads there all the same.
    rows(computer).locator("h3 button").click()
    expect(computer.locator("h1")).to_have_text("It is waiting. Nobody has opened it.")
    read(reader, address)
    expect(letter_on(reader)).to_contain_text("4711")


def test_everything_unread_of_forty_is_taken_back_and_three_had_been_read(service, person):
    sender = person(viewport=PHONE)
    sent = send_many(sender, service, 40)
    for control in sent[5:8]:
        open_link(sender, service, control)
    sender.goto(f"{service.url}/sent")
    expect(rows(sender)).to_have_count(25)
    sender.locator("summary", has_text="Take back everything unread").click()
    sender.get_by_label("What you sent", exact=True).select_option("in the last hour")
    press(sender, "Recall everything unread")

    expect(sender.locator("h1")).to_have_text(
        "Nobody has read 37 of 40 links. They can no longer be read."
    )
    figures = sender.locator(".balance b")
    assert figures.all_inner_texts() == ["37", "3", "0"]
    expect(sender.locator("section", has_text="Read before").locator(".sent > li")).to_have_count(3)
    for control in (sent[0], sent[39]):
        sender.goto(f"{service.url}/s/{control}")
        expect(sender.locator("h1")).to_have_text("Nobody has read it. It can no longer be read.")
    sender.goto(f"{service.url}/sent")
    sender.get_by_role("link", name="Show older").click()
    expect(rows(sender)).to_have_count(15)


def test_chosen_messages_are_found_and_recalled(service, person):
    sender = person()
    for subject in ("Keys to the flat", "Payroll", "Keys to the car"):
        write(sender, service, Subject=subject)
    sender.goto(f"{service.url}/sent")
    sender.get_by_label("Search in subjects and recipients").fill("KEYS")
    sender.keyboard.press("Enter")
    expect(rows(sender)).to_have_count(2)
    for box in sender.get_by_label(re.compile("Choose “Keys")).all():
        box.check()
    press(sender, "Recall the chosen messages")

    expect(sender.locator("h1")).to_have_text(
        "Nobody has read any of the 2 links. They can no longer be read."
    )
    sender.get_by_role("link", name="Back to the list").click()
    expect(rows(sender).filter(has_text="Payroll")).to_contain_text("It is waiting.")
    expect(rows(sender).filter(has_text="Keys")).to_have_count(2)


@pytest.mark.parametrize("answer", ["No, go back", "Yes, delete the list"])
def test_a_list_is_deleted_after_a_second_question(service, person, answer):
    sender = person()
    write(sender, service)
    press_folded(sender, service.url, "Delete the list", "Delete the list")
    expect(sender.locator("h1")).to_have_text("Delete this list?")
    if answer.startswith("No"):
        sender.get_by_role("link", name=answer).click()
        expect(rows(sender)).to_have_count(1)
    else:
        press(sender, answer)
        expect(sender.locator("h1")).to_have_text("The list is deleted")
        sender.goto(f"{service.url}/sent")
        expect(sender.locator("main")).to_contain_text("Nothing yet.")
