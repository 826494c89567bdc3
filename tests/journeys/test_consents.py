"""The page that each mail to a sender leads to, over HTTP."""

import zlib

import pytest

from restante.commands.store import services_for
from restante.notices import Wanted
from restante.settings import Settings
from tests.support import canaries
from tests.support.api import Api, Visitor

MESSAGE = (3, b"a message id, 16")
TO = "ana.of.the.consents@example.com"


@pytest.fixture
def consents(service):
    """The use cases over the running service's store."""
    with services_for(Settings(data_dir=service.data_dir)) as services:
        yield services.consents


@pytest.fixture
def asked(consents, request):
    """The path of the link in an ask, of an address that only this test has."""
    to = TO.replace("@", f".{zlib.crc32(request.node.name.encode())}@")
    canaries.learn("mail address", to)
    cleared, address, token = consents.clear(to, b"sender-id-of-ana", Wanted(MESSAGE))
    consents.record_ask(address, cleared.asked_at, MESSAGE)
    canaries.learn("mail token", token)
    return f"/n/{token}"


def state(consents, path):
    kept, its = consents.answers(path.removeprefix("/n/"))
    [mine] = [one.state for one in kept.consents if one.consent_id == its.consent_id] or [None]
    return "stopped" if kept.stopped_at else mine


def test_following_the_link_of_a_mail_changes_nothing(service, consents, asked):
    visitor = Visitor(service.url)
    for path in (asked, asked + "/unsubscribe"):
        for method in ("GET", "HEAD"):
            answer = visitor.ask(method, path)
            assert answer.status == 200
    page = visitor.get(asked)

    assert state(consents, asked) == "asked"
    assert "Yes, send me these e-mails" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert "noindex" in page.headers["X-Robots-Tag"]


def test_an_address_consents_withdraws_comes_back_and_stops(service, consents, asked):
    visitor = Visitor(service.url)
    for button, then, heading in (
        ("give", "given", "You get e-mails from this service."),
        ("withdraw", "revoked", "These e-mails have stopped."),
        ("give", "given", "You get e-mails from this service."),
        ("stop", "stopped", "No e-mails come to this address."),
    ):
        visitor.get(asked)
        assert visitor.post(asked, {"do": button}).status == 303
        assert state(consents, asked) == then
        assert heading in visitor.get(asked).text
    visitor.post(asked, {"do": "give"})

    assert state(consents, asked) == "stopped"


@pytest.mark.parametrize("button", ["give", "withdraw", "stop", "", "x"])
def test_another_site_presses_no_button(service, consents, asked, button):
    foreign = {"Sec-Fetch-Site": "cross-site"}
    answer = Visitor(service.url).ask("POST", asked, {"do": button}, foreign)

    assert answer.status == 403
    assert state(consents, asked) == "asked"


@pytest.mark.parametrize(
    ("body", "type_"),
    [
        (b"List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"),
        (
            b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click',
            "multipart/form-data; boundary=b",
        ),
    ],
)
def test_mail_providers_unsubscribe_with_one_click(service, consents, asked, body, type_):
    consents.give(asked.removeprefix("/n/"))
    answer = Api(service.url).ask(
        "POST", asked + "/unsubscribe", body, headers={"Content-Type": type_}
    )

    assert answer.status == 204
    assert state(consents, asked) == "revoked"


def test_a_token_that_is_not_ours_gets_the_page_for_nothing_here(service):
    visitor = Visitor(service.url)
    for path in ("/n/" + "N" + "A" * 64, "/n/x", "/n/" + "N" * 65 + "/unsubscribe"):
        assert visitor.get(path).status == 404
        assert visitor.post(path, {"do": "stop"}).status == 404
