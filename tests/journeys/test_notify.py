"""Told by mail, on the pages and through the API: consent, first opening, mute, unsubscribe."""

import re

import pytest

from tests.support.api import Api, Visitor, form_of, new_reader_key
from tests.support.mailserver import MailServer
from tests.support.processes import Service, wait_until
from tests.support.senders import text_of, token_in

TOLD = {"notify.shown": "yes", "notify.first_opened": "yes"}
TO = "marta.of.the.notices@example.com"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with (
        MailServer() as mail,
        Service(
            tmp_path_factory.mktemp("notify"),
            RESTANTE_SMTP_URL=mail.url,
            RESTANTE_MAIL_FROM="Letters <letters@example.net>",
        ) as service,
    ):
        yield service, mail


def mails_to(mail, address, many):
    """Return the mails to an address, once there are so many."""

    def found():
        return [one for one in mail.mails if one["To"] == address]

    wait_until(lambda: len(found()) >= many, 30)
    return found()


def sent_by(visitor, to, **fields):
    """Send from the compose page; return the path of the control page and the link's token."""
    visitor.get("/")
    answer = visitor.post("/", TOLD | {"text": "a letter", "notify.email": to} | fields)
    assert answer.status == 303, answer.text
    path = answer.headers["Location"]
    page = visitor.get(path)
    [link] = set(re.findall(r"/m/(L[\w-]{34})", page.text))
    return path, link


def test_a_sender_on_the_pages_consents_is_told_mutes_and_unsubscribes(served):
    service, mail = served
    visitor, to = Visitor(service.url), "a." + TO
    path, link = sent_by(visitor, to, subject="Keys")
    [ask] = mails_to(mail, to, 1)
    owner = Visitor(service.url)
    page = f"/n/{token_in(ask)}"
    owner.get(page)
    assert owner.post(page, {"do": "give"}).status == 303
    Api(service.url).reveal(link, new_reader_key())
    _, news = mails_to(mail, to, 2)
    assert news["Subject"] == "News of “Keys”"
    assert "Opened for the first time" in text_of(news)
    assert f"{service.url}/sent" in text_of(news)
    assert path not in text_of(news)
    assert to in visitor.get(path).text
    assert '<details id="notify">' in visitor.get(path).text
    mute = form_of(visitor.get(path), "/mute")
    assert visitor.post(f"{path}/mute", mute).status == 303
    told = visitor.get(path).text
    assert to not in told
    assert "E-mails to the sender were switched off" in told
    # The same browser's next message needs no new consent, until it unsubscribes.
    _, second = sent_by(visitor, to)
    Api(service.url).reveal(second, new_reader_key())
    mails_to(mail, to, 3)
    one_click = Api(service.url).ask("POST", page + "/unsubscribe", b"List-Unsubscribe=One-Click",
                                     headers={"Content-Type": "text/plain"})  # fmt: skip
    assert one_click.status == 204
    _, third = sent_by(visitor, to)
    Api(service.url).reveal(third, new_reader_key())
    waited = sent_by(Visitor(service.url), "z." + to)
    assert waited
    mails_to(mail, "z." + to, 1)

    assert len(mails_to(mail, to, 3)) == 3


def test_a_message_is_told_of_from_the_control_page_on(served):
    service, mail = served
    visitor, to = Visitor(service.url), "b." + TO
    visitor.get("/")
    path = visitor.post("/", {"text": "a letter", "views": "3"}).headers["Location"]
    [link] = set(re.findall(r"/m/(L[\w-]{34})", visitor.get(path).text))
    Api(service.url).reveal(link, new_reader_key())
    shown = form_of(visitor.get(path), "/notify")["shown"]
    choices = TOLD | {"shown": shown, "notify.email": to, "notify.opened": "yes"}
    assert visitor.post(f"{path}/notify", choices).status == 303
    [ask] = mails_to(mail, to, 1)
    page = f"/n/{token_in(ask)}"
    visitor.get(page)
    visitor.post(page, {"do": "give"})
    Api(service.url).reveal(link, new_reader_key())
    _, news = mails_to(mail, to, 2)

    assert text_of(news).count("Shown to someone who had this link") == 1
    assert "Opened for the first time" not in text_of(news)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"notify.email": "no address", "notify.first_opened": "yes"}, "One e-mail address"),
        ({"notify.email": "c." + TO}, "Choose at least one."),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_nothing_is_lost(served, fields, said):
    service, _ = served
    visitor = Visitor(service.url)
    visitor.get("/")
    form = {"text": "a letter of mine", "notify.shown": "yes"}
    answer = visitor.post("/", form | fields)

    assert answer.status == 422
    assert said in answer.text
    assert fields["notify.email"] in answer.text
    assert "a letter of mine" in answer.text


def test_the_api_takes_and_shows_what_is_told(served):
    service, mail = served
    api, to = Api(service.url), "d." + TO
    notify = {"email": to, "events": ["opened", "confirmed"], "time_zone": "Europe/Madrid",
              "control_link": True}  # fmt: skip
    sent = api.send("x", notify=notify)
    mails_to(mail, to, 1)
    assert api.message(sent.control)["notify"] == notify
    answer = api.ask("POST", "/api/v1/message/notify", {}, token=sent.control)
    assert answer.status == 204
    assert api.message(sent.control)["notify"] is None
    again = {"email": to}
    assert api.ask("POST", "/api/v1/message/notify", again, token=sent.control).status == 204
    told = api.message(sent.control)["notify"]

    assert told["email"] == to
    assert told["events"] == ["first_opened", "disputed", "declined", "locked", "expired_unread"]
    assert told["control_link"] is False


@pytest.mark.parametrize(
    ("notify", "field"),
    [
        ({"email": 5}, "notify.email"),
        ({"email": "x"}, "notify.email"),
        ({"email": TO, "events": []}, "notify.events"),
        ({"email": TO, "events": ["read"]}, "notify.events"),
        ({"email": TO, "time_zone": "Nowhere/Else"}, "notify.time_zone"),
        ({"events": ["opened"]}, "notify.events"),
        ({"control_link": True}, "notify.control_link"),
        ({"phone": "x"}, "notify.phone"),
    ],
)
def test_the_api_names_the_field_that_is_wrong(served, notify, field):
    answer = Api(served[0].url).ask("POST", "/api/v1/messages", {"text": "x", "notify": notify})

    assert answer.status == 422
    assert [fault["field"] for fault in answer.json["errors"]] == [field]


def test_a_network_has_so_many_messages_with_mails_a_day(tmp_path):
    with (
        MailServer() as mail,
        Service(
            tmp_path,
            RESTANTE_SMTP_URL=mail.url,
            RESTANTE_MAIL_FROM="letters@example.net",
            RESTANTE_RATE_LIMITS="on",
            RESTANTE_BUDGET_MAILS_NETWORK="2",
        ) as service,
    ):
        api = Api(service.url)
        answers = [
            api.ask("POST", "/api/v1/messages", {"text": "x", "notify": {"email": f"{n}.{TO}"}})
            for n in range(3)
        ]
        without = api.ask("POST", "/api/v1/messages", {"text": "x"})

    assert [answer.status for answer in answers] == [201, 201, 429]
    assert without.status == 201
