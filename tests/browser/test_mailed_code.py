"""Before a message opens, a code is mailed: people in a real browser, with scripts and without."""

import re

import pytest
import redis
from playwright.sync_api import expect

from restante.crypto.tokens import LinkToken
from restante.store import keys
from tests.browser import tour
from tests.browser.test_gallery import SUBMITS_ALL
from tests.browser.tour import LETTER, PATIENCE_MS, press, send
from tests.support import canaries
from tests.support.api import Api
from tests.support.processes import Service

ANA = "ana.of.the.browser@example.com"


@pytest.fixture(scope="module")
def service(tmp_path_factory, mail):
    canaries.learn("address", [ANA])
    settings = tour.SETTINGS | {
        "RESTANTE_SMTP_URL": mail.url,
        "RESTANTE_MAIL_FROM": "letters@example.net",
        "RESTANTE_PASSPHRASE_TRIES": "3",
    }
    with Service(tmp_path_factory.mktemp("mailed"), **settings) as service:
        yield service


@pytest.fixture(autouse=True)
def emptied(mail):
    mail.mails.clear()


def address_of(service, **fields):
    return send(service.url, recipients=[ANA], mailed_code=True, **fields)["links"][0]["url"]


def patient(page, button):
    page.wait_for_timeout(PATIENCE_MS)
    press(page, button)


def ask(page, address):
    page.goto(address)
    patient(page, "Mail me the code")
    expect(page.locator("h1")).to_have_text("Type the code from the mail.")


def open_with(page, code):
    page.get_by_label("Code", exact=True).fill(f"{code[:3]} {code[3:]}")
    patient(page, "Open the message")


def wrong(code):
    return f"{(int(code) + 1) % 10**6:06}"


def test_a_reader_asks_for_the_code_mistypes_it_types_it_and_reads(service, mail, person):
    sender, reader = person(), person()
    sender.goto(service.url)
    sender.get_by_label("Message", exact=True).fill(LETTER)
    tour.unfold(sender)
    sender.get_by_label("Names or addresses").fill(f"Ana <{ANA}>")
    sender.get_by_label("Mail each reader a code first").check()
    press(sender, "Create link")
    address = sender.locator("code").first.inner_text()
    ask(reader, address)
    expect(reader.get_by_role("status").first).to_contain_text("A code is on its way")
    assert ANA not in reader.content()
    code = mail.code()
    open_with(reader, wrong(code))
    expect(reader.locator(".fault")).to_contain_text("2 tries are left")
    open_with(reader, code)

    expect(reader.locator("#letter")).to_contain_text("4711")
    assert len(mail.mails) == 1


def test_within_the_lease_the_same_browser_needs_no_code(service, mail, person):
    reader, address = person(), address_of(service)
    ask(reader, address)
    open_with(reader, mail.code())
    expect(reader.locator("#letter")).to_contain_text("4711")
    reader.goto(address)
    expect(reader.get_by_label("Code", exact=True)).to_have_count(0)
    press(reader, "Show it again")

    expect(reader.locator("#letter")).to_contain_text("4711")
    assert len(mail.mails) == 1


def test_another_code_is_mailed_once_a_minute_is_over(service, mail, person):
    reader, address = person(), address_of(service)
    ask(reader, address)
    mail.code()
    patient(reader, "Mail me another code")
    expect(reader.locator("main")).to_contain_text("less than a minute ago")
    link = LinkToken.parse(address.rpartition("/")[2])
    with redis.Redis.from_url(f"unix://{service.data_dir / 'store.sock'}") as store:
        store.hincrby(keys.link(link), "code_at", -60_000)
    patient(reader, "Mail me another code")
    expect(reader.locator("main")).to_contain_text("A code is on its way")
    open_with(reader, mail.code(2))

    expect(reader.locator("#letter")).to_contain_text("4711")
    assert len(mail.mails) == 2


def test_with_a_passphrase_both_are_typed(service, mail, person):
    reader = person()
    ask(reader, address_of(service, passphrase="blue tin"))
    code = mail.code()
    reader.get_by_label("Passphrase").fill("red tin")
    open_with(reader, code)
    expect(reader.locator(".fault")).to_contain_text("That passphrase is not right.")
    reader.get_by_label("Passphrase").fill("blue tin")
    open_with(reader, code)

    expect(reader.locator("#letter")).to_contain_text("4711")


def test_when_no_more_codes_are_mailed_nothing_else_is_called_a_fault(service, person):
    reader, address = person(), address_of(service, passphrase="blue tin")
    ask(reader, address)
    link = LinkToken.parse(address.rpartition("/")[2])
    with redis.Redis.from_url(f"unix://{service.data_dir / 'store.sock'}") as store:
        store.hset(keys.link(link), mapping={"code_at": 0, "codes": 10})
    patient(reader, "Mail me another code")

    expect(reader.get_by_role("alert")).to_contain_text("No more codes are mailed")
    expect(reader.locator(".fault")).to_have_count(0)


def test_in_spanish_the_page_and_the_mail_speak_it(service, mail, person):
    reader = person(locale="es-ES")
    reader.goto(address_of(service))
    patient(reader, "Enviarme el código")
    code = mail.code()
    assert mail.mails[0]["Content-Language"] == "es"
    reader.get_by_label("Código", exact=True).fill(code)
    patient(reader, "Abrir el mensaje")

    expect(reader.locator("#letter")).to_contain_text("4711")


def test_a_robot_that_submits_every_form_at_once_causes_no_mail(service, mail, browser):
    sent = Api(service.url).send(LETTER, recipients=[ANA], mailed_code=True)
    with browser.new_context() as context:
        page = context.new_page()
        page.add_init_script(SUBMITS_ALL)
        page.goto(f"{service.url}/m/{sent.link}")
        page.wait_for_timeout(3_000)
        shown = page.content()
    status = Api(service.url).message(sent.control)

    assert not re.search("4711", shown)
    assert mail.mails == []
    assert "link.code_requested" not in [event["type"] for event in status["events"]]
