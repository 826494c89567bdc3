"""A machine looks at a link after its reader's page was shown and before the button is pressed."""

import pytest

from tests.journeys.conftest import TEXT
from tests.support.api import Api, Visitor, form_of, new_reader_key, number_on
from tests.support.tickets import gate_form

SLACK = {"User-Agent": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"}


def scan(service, link):
    Visitor(service.url, headers=SLACK).get(f"/m/{link}")


def counted(service, sent):
    """What the store knows of views and tries."""
    message = Api(service.url).message(sent.control)
    return message["links"][0]["reveals"], [event["type"] for event in message["events"]]


@pytest.mark.parametrize("passphrase", [None, "blue tin"])
def test_after_a_machines_look_a_person_types_one_number(service, passphrase):
    asked = {"passphrase": passphrase} if passphrase else {}
    sent = Api(service.url).send(TEXT, **asked)
    path, person = f"/m/{sent.link}", Visitor(service.url)
    wrong = dict.fromkeys(asked, "red tin")
    form = gate_form(service, person, sent.link)
    assert "number" not in form
    scan(service, sent.link)
    # A wrong passphrase would spend a try, and none at all be asked for.
    stopped = [person.post(path, form | typed) for typed in (wrong, {})]
    for page in stopped:
        assert page.status == 200
        assert "A machine looked at this link meanwhile" in page.text
        assert "Nothing has been opened." in page.text
        assert TEXT not in page.text
    before = counted(service, sent)
    assert before == (0, ["message.sent"])
    numbered = form_of(stopped[-1], sent.link) | {"number": number_on(stopped[-1])}
    scan(service, sent.link)
    opened = person.post(path, numbered | asked)

    assert TEXT in opened.text
    assert counted(service, sent) == (1, ["message.sent", "link.revealed"])


def test_a_machines_look_changes_nothing_for_open_messages_and_programs(service):
    api, person = Api(service.url), Visitor(service.url)
    sent = api.send(TEXT, views=2)
    path = f"/m/{sent.link}"
    form = gate_form(service, person, sent.link)
    first = person.post(path, form)
    assert TEXT in first.text
    scan(service, sent.link)

    assert TEXT in person.post(path, form).text
    assert TEXT in person.post(path, form_of(person.get(path), sent.link)).text
    assert api.reveal(sent.link, new_reader_key()).json["text"] == TEXT
