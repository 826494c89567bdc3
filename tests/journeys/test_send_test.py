"""A test that the sender asks for: through every channel that is on, and what came of it."""

import re

import pytest

from tests.support.api import Api, Visitor, form_of
from tests.support.mailserver import MailServer
from tests.support.processes import Service, wait_until
from tests.support.receiver import Receiver
from tests.support.senders import text_of, token_in

PATH = "/api/v1/message/notify/test"
TO = "marta.of.the.tests@example.com"
TEXT = "the canary of the tests 4711"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with (
        MailServer() as mail,
        Service(
            tmp_path_factory.mktemp("tests"),
            RESTANTE_SMTP_URL=mail.url,
            RESTANTE_MAIL_FROM="Letters <letters@example.net>",
            RESTANTE_WEBHOOK_NETWORKS="127.0.0.0/8",
        ) as service,
    ):
        yield service, mail


def standing(api, sent):
    return {one["channel"]: one for one in api.message(sent.control)["channels"]}


def came(api, sent, channel, what):
    """Return the channel once its test has come to that."""
    assert wait_until(lambda: standing(api, sent)[channel]["test"] == what, 20)
    return standing(api, sent)[channel]


def test_a_program_tests_a_webhook_and_learns_that_it_was_delivered(served):
    api = Api(served[0].url)
    with Receiver() as receiver:
        sent = api.send(TEXT, notify={"webhook": receiver.url})
        before = standing(api, sent)
        answer = api.ask("POST", PATH, token=sent.control)
        again = api.ask("POST", PATH, token=sent.control)
        its = came(api, sent, "webhook", "delivered")

    [post] = receiver.taken
    assert before["webhook"] == {
        "channel": "webhook", "state": "new", "told_at": None, "failure": None, "test": None,
    }  # fmt: skip
    assert post.json["type"] == "message.test"
    assert post.json["data"]["event"]["data"] == {}
    assert answer.json == {"event": post.id} == again.json
    assert (its["state"], its["failure"]) == ("told", None)
    assert its["told_at"]
    assert "4711" not in post.body.decode()


def test_a_test_that_fails_says_why_and_the_next_one_is_tried_at_once(served):
    api, answers = Api(served[0].url), [404, 204, 204]
    with Receiver(lambda _: answers.pop(0)) as receiver:
        sent = api.send(TEXT, notify={"webhook": receiver.url, "webhook_format": "ntfy"})
        api.ask("POST", PATH, token=sent.control)
        failed = came(api, sent, "webhook", "failed")
        wait_until(lambda: receiver.taken, 20)
        its = came(api, sent, "webhook", "delivered")

    assert (failed["state"], failed["failure"]) == ("failing", "404")
    assert its["state"] == "told"
    assert "This is a test." in receiver.taken[0].body.decode()


def test_an_address_inside_fails_as_any_that_cannot_be_reached(served):
    api = Api(served[0].url)
    sent = api.send(TEXT, notify={"webhook": "https://nothing.invalid/"})
    api.ask("POST", PATH, token=sent.control)

    assert came(api, sent, "webhook", "failed")["failure"] == "unreachable"


def test_a_mail_waits_for_the_consent_and_then_says_that_it_is_a_test(served):
    service, mail = served
    api = Api(service.url)
    sent = api.send(TEXT, subject="Keys", notify={"email": TO})
    wait_until(lambda: mail.mails)
    wait_until(lambda: standing(api, sent)["email"]["state"] == "asked")
    api.ask("POST", PATH, token=sent.control)
    waiting = standing(api, sent)["email"]["test"]
    page = f"/n/{token_in(mail.mails[0])}"
    owner = Visitor(service.url)
    owner.get(page)
    owner.post(page, {"do": "give"})
    its = came(api, sent, "email", "delivered")

    news = mail.mails[-1]
    assert waiting == "waiting"
    assert its["state"] == "told"
    assert "This is a test. Nothing happened to the message." in text_of(news)
    assert "4711" not in text_of(news)
    assert sent.control not in text_of(news)


def test_the_page_sends_a_test_and_says_what_came_of_it(served):
    visitor = Visitor(served[0].url, {"Accept-Language": "es"})
    with Receiver() as receiver:
        visitor.get("/")
        fields = {"text": TEXT, "notify.webhook": receiver.url}
        path = visitor.post("/", fields).headers["Location"]
        page = visitor.get(path)
        mark = re.search(r'data-mark="([\d.]+)"', page.text)[1]
        assert visitor.post(f"{path}/test", form_of(page, "/test")).status == 303
        wait_until(lambda: receiver.taken)
        wait_until(lambda: "Prueba: entregada." in visitor.get(path).text)
        changes = visitor.get(f"{path}/changes?after={mark}")

    assert "Quien lo envió mandó una prueba" in visitor.get(path).text
    assert "Prueba: entregada." in changes.text


def test_without_a_channel_there_is_nothing_to_test(served):
    api, visitor = Api(served[0].url), Visitor(served[0].url)
    sent = api.send(TEXT)
    answer = api.ask("POST", PATH, token=sent.control)
    visitor.get("/")
    path = visitor.post("/", {"text": TEXT}).headers["Location"]
    page = visitor.get(path)
    refused = visitor.post(f"{path}/test", {"shown": form_of(page, "/recall")["shown"]})

    assert (answer.status, answer.code) == (422, "invalid")
    assert api.message(sent.control)["channels"] == []
    assert f"{path}/test" not in page.text
    assert "Nothing is on that could be tested." in refused.text


def test_when_every_link_ended_nothing_is_tested(served):
    api = Api(served[0].url)
    sent = api.send(TEXT, notify={"webhook": "https://nothing.invalid/"})
    api.recall(sent.control)

    assert api.ask("POST", PATH, token=sent.control).code == "gone"
