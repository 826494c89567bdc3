"""The journeys of people who read Spanish, with scripts and without, and back to English."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser import tour
from tests.browser.probe import NARROW, WIDE
from tests.browser.tour import LETTER, PATIENCE_MS, press
from tests.support.api import Api

MADRID = {"locale": "es-ES", "timezone_id": "Europe/Madrid"}
UTC = re.compile(r"\d{1,2} de [a-z]+ de 20\d\d, \d{1,2}:\d\d UTC")
HERE = re.compile(
    r"\d{1,2}\sde\s[a-z]+\sde\s20\d\d(?:,|\sa\slas)\s\d{1,2}:\d\d\s(?:CES?T|GMT\+[12])"
)


SCRIPTS = "matchMedia('(scripting: enabled)').matches"
CUT = """
[...document.querySelectorAll("button, a")].filter(
  (one) => getComputedStyle(one).display !== "inline" && one.scrollWidth > one.clientWidth + 1
).map((one) => one.textContent)
"""


@pytest.fixture
def sent(service):
    return Api(service.url).send(LETTER, subject="La puerta", **{"from": "Zoë"})


def look_at(page):
    """Axe finds nothing, nothing is cut off, and no button or label is left in English."""
    expect(page.locator("html")).to_have_attribute("lang", "es")
    for size in (NARROW, WIDE):
        page.set_viewport_size(size)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.title()
        assert page.evaluate(CUT) == []
    if page.evaluate(SCRIPTS):
        assert [fault["id"] for fault in Axe().run(page).response["violations"]] == []


def address_of(sent):
    return sent.answer["links"][0]["url"]


def open_in_spanish(page, address):
    page.goto(address)
    page.wait_for_timeout(PATIENCE_MS)
    press(page, "Abrir el mensaje")


def switch(page, name):
    page.locator(".languages").get_by_text(name, exact=True).click()


def test_a_message_is_sent_opened_and_gone_in_spanish(service, person):
    sender, reader, second = person(**MADRID), person(**MADRID), person(**MADRID)
    sender.goto(service.url)
    look_at(sender)
    press(sender, "Crear enlace")
    expect(sender.locator(".fault")).to_have_text("Escribe antes el mensaje.")
    look_at(sender)
    sender.get_by_label("Mensaje").fill(LETTER)
    press(sender, "Crear enlace")
    expect(sender.locator("h1")).to_have_text("Está esperando. Nadie lo ha abierto.")
    look_at(sender)
    address = sender.locator("code").first.inner_text()
    reader.goto(address)
    look_at(reader)
    open_in_spanish(reader, address)
    expect(reader.locator("#letter")).to_contain_text("4711")
    look_at(reader)
    press(reader, "Listo, destruir ya")
    expect(reader.locator("h1")).to_have_text("Hecho. Ya no está aquí.")
    look_at(reader)
    second.goto(address)
    expect(second.locator("h1")).to_have_text("Este mensaje ya se abrió.")
    look_at(second)
    sender.reload()

    expect(sender.locator("main")).to_contain_text("Mostrado a alguien que tenía este enlace")
    look_at(sender)


def test_a_dead_link_and_a_wrong_address_explain_themselves_in_spanish(service, person, sent):
    reader = person(**MADRID)
    Api(service.url).recall(sent.control, reason="I mixed up two customers.")
    reader.goto(address_of(sent))
    expect(reader.locator("h1")).to_have_text("Quien envió este mensaje lo ha retirado.")
    expect(reader.locator("blockquote")).to_have_text("I mixed up two customers.")
    look_at(reader)
    reader.goto(f"{service.url}/m/nothing")

    expect(reader.locator("h1")).to_have_text("En esta dirección no hay nada.")
    look_at(reader)


def test_times_are_told_in_the_readers_zone_and_named(service, person, sent):
    reader, english = person(**MADRID), person(locale="en-US", timezone_id="Europe/Madrid")
    for page in (reader, english):
        page.goto(address_of(sent))
    time = reader.locator("time").first

    if not reader.evaluate(SCRIPTS):
        expect(time).to_have_text(UTC)
        return
    expect(time).to_have_text(HERE)
    expect(time).to_have_attribute("title", UTC)
    expect(english.locator("time").first).to_have_text(
        re.compile(r"20\d\d at .*\s[AP]M\sGMT\+[12]$")
    )
    # English words, and the clock that the reader has at home.
    switch(reader, "English")
    when = re.compile(r"\d, 20\d\d at \d{1,2}:\d\d \S+$")
    expect(reader.locator("time").first).to_have_text(when)


def test_the_switch_keeps_what_was_typed_in_the_form(service, person):
    sender = person()
    sender.goto(service.url)
    sender.get_by_label("Message", exact=True).fill("half a letter")
    tour.unfold(sender)
    sender.get_by_label("Subject").fill("The side door")
    box = sender.locator("[name=second_step]")
    switch(sender, "Español")
    expect(sender.locator("h1")).to_have_text("Escribe un mensaje")
    expect(sender.get_by_label("Mensaje")).to_have_value("half a letter")
    expect(box).not_to_be_checked()
    sender.get_by_label("Mensaje").fill("a whole letter")
    box.check()
    switch(sender, "English")

    expect(sender.locator("h1")).to_have_text("Write a message")
    expect(sender.get_by_label("Message", exact=True)).to_have_value("a whole letter")
    expect(sender.get_by_label("Subject")).to_have_value("The side door")
    expect(box).to_be_checked()
    press(sender, "Create link")
    expect(sender.locator("h1")).to_contain_text("Nobody")


def test_enter_sends_and_does_not_switch(service, person):
    sender = person()
    sender.goto(service.url)
    sender.get_by_label("Message", exact=True).fill("a letter")
    tour.unfold(sender)
    sender.get_by_label("Subject").press("Enter")

    expect(sender.locator("h1")).to_contain_text("Nobody")


def test_the_switch_leaves_an_open_message_where_it_is(service, person, sent):
    reader = person()
    reader.goto(address_of(sent))
    reader.wait_for_timeout(PATIENCE_MS)
    press(reader, "Open the message")
    with reader.context.expect_page() as opened:
        switch(reader, "Español")
    other = opened.value

    expect(other.locator("html")).to_have_attribute("lang", "es")
    expect(other.locator("#letter")).to_contain_text("4711")
    expect(reader.locator("#letter")).to_contain_text("4711")
    expect(reader.locator("html")).to_have_attribute("lang", "en")
    assert Api(service.url).message(sent.control)["links"][0]["reveals"] == 1


def test_the_switch_at_the_gate_spends_nothing_and_the_passphrase_stays(service, person):
    sent = Api(service.url).send(LETTER, passphrase="blue tin")
    reader = person()
    reader.goto(address_of(sent))
    reader.get_by_label("Passphrase").fill("blue tin")
    switch(reader, "Español")
    expect(reader.get_by_label("Contraseña")).to_have_value("blue tin")
    look_at(reader)
    switch(reader, "English")
    expect(reader.get_by_label("Passphrase")).to_have_value("blue tin")
    assert Api(service.url).message(sent.control)["links"][0]["state"] == "sealed"
    reader.wait_for_timeout(PATIENCE_MS)
    press(reader, "Open the message")

    expect(reader.locator("#letter")).to_contain_text("4711")


def test_the_switch_of_the_control_page_keeps_the_new_text(service, person):
    sender = person()
    sender.goto(service.url)
    sender.get_by_label("Message", exact=True).fill(LETTER)
    press(sender, "Create link")
    has_scripts = sender.evaluate(SCRIPTS)
    sender.get_by_label("Reason").fill("two customers")
    sender.get_by_text("Replace the text").first.click()
    sender.get_by_label("New text").fill("The code is 1704.")
    switch(sender, "Español")

    expect(sender.get_by_label("Texto nuevo")).to_have_value("The code is 1704.")
    if has_scripts:
        expect(sender.get_by_label("Motivo")).to_have_value("two customers")
    look_at(sender)
    sender.get_by_role("button", name="Sustituir el texto").click()
    expect(sender.locator("main")).to_contain_text("Texto sustituido")


def test_the_switch_can_be_hit_with_a_thumb_and_says_which_is_chosen(service, person):
    page = person(**MADRID)
    page.goto(service.url)
    page.set_viewport_size(NARROW)
    items = page.locator(".languages li > *")
    boxes = [items.nth(n).bounding_box() for n in range(items.count())]

    assert [(box["width"] >= 24, box["height"] >= 24) for box in boxes] == [(True, True)] * 2
    expect(page.locator(".languages [aria-current]")).to_have_text("Español")
    expect(page.locator(".languages [lang=en]")).to_have_text("English")
