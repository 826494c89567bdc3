"""Sending where it takes a token, in a real browser: asked once, nothing lost, forgotten."""

import pytest
from playwright.sync_api import expect

from tests.browser import tour
from tests.browser.tour import LETTER, press, read
from tests.support.operators import admission_of
from tests.support.processes import Service


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    with Service(tmp_path_factory.mktemp("permit"), RESTANTE_SENDERS="tokens") as service:
        yield service


@pytest.fixture
def admission(guarded):
    """The operator's verbs; every test begins without tokens."""
    with admission_of(guarded) as admission:
        for holder in admission.listed():
            admission.withdraw(holder.name)
        yield admission


def test_a_holder_gives_the_token_once_and_anybody_reads(guarded, admission, person):
    sender, reader, token = person(), person(), str(admission.make("Ana"))
    sender.goto(guarded.url)
    expect(sender.locator("h1")).to_contain_text("not open to everyone")
    sender.get_by_label("token").fill("S" + "A" * 32)
    press(sender, "Go on to writing")
    expect(sender.locator(".fault")).to_contain_text("not good here")
    sender.get_by_label("token").fill(token)
    press(sender, "Go on to writing")
    sender.get_by_label("Message", exact=True).fill(LETTER)
    press(sender, "Create link")
    read(reader, sender.locator("code").first.inner_text())

    expect(reader.locator("#letter")).to_contain_text("4711")
    sender.goto(guarded.url)
    expect(sender.get_by_label("Message", exact=True)).to_be_visible()


def test_a_token_revoked_while_someone_writes_loses_no_input(guarded, admission, person):
    sender, token = person(), str(admission.make("Ana"))
    sender.goto(guarded.url)
    sender.get_by_label("token").fill(token)
    press(sender, "Go on to writing")
    sender.get_by_label("Message", exact=True).fill(LETTER)
    tour.unfold(sender)
    sender.get_by_label("Names or addresses").fill("Ben")
    admission.withdraw("Ana")
    press(sender, "Create link")
    expect(sender.locator("h2").first).to_have_text("Not sent yet: you need a token.")
    expect(sender.get_by_label("Message", exact=True)).to_have_value(LETTER)
    sender.get_by_label("token").fill(str(admission.make("Ana")))
    press(sender, "Create link")

    expect(sender.locator("h1")).to_contain_text("Nobody")
    sender.goto(guarded.url)
    expect(sender.get_by_label("Message", exact=True)).to_be_visible()


def test_a_device_forgets_its_token(guarded, admission, person):
    sender, token = person(), str(admission.make("Ana"))
    sender.goto(guarded.url)
    sender.get_by_label("token").fill(token)
    press(sender, "Go on to writing")
    press(sender, "Forget this token on this device")

    expect(sender.get_by_label("token")).to_be_visible()
    assert "permit" not in {cookie["name"] for cookie in sender.context.cookies()}
