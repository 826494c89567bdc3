"""A stranger's mailbox under attack: a hundred networks, each sends all that it may."""

import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from restante.commands.store import services_for
from restante.settings import Settings
from tests.support.api import Api, Visitor, new_reader_key
from tests.support.mailserver import MailServer
from tests.support.processes import Service, wait_until
from tests.support.senders import html_of, text_of

SPELLINGS = ("ana.torres@gmail.com", "A.n.a.Torres@gmail.com", "anatorres+%d@gmail.com",
             "a.natorres+%d@googlemail.com")  # fmt: skip
TICKED = {"notify.shown": "yes", "notify.opened": "yes"}
EVIL = "Buy at https://evil.example now"
SETTINGS = {
    "RESTANTE_RATE_LIMITS": "on",
    "RESTANTE_TRUSTED_PROXIES": "1",
    "RESTANTE_LIMIT_SEND": "1000000",
    "RESTANTE_WEB_WORKERS": "2",
    "RESTANTE_MAIL_FROM": "Letters <letters@example.net>",
}


@pytest.mark.parametrize(
    ("networks", "each"), [(4, 10), pytest.param(100, 100, marks=pytest.mark.endurance)]
)
def test_a_hundred_networks_bring_a_stranger_three_fixed_mails(tmp_path, networks, each):
    """By API and by page, with and without tokens that they made up; some of it is opened."""
    with (
        MailServer() as mail,
        Service(
            tmp_path,
            **SETTINGS,
            RESTANTE_SMTP_URL=mail.url,
            RESTANTE_BUDGET_MAILS_NETWORK=str(each),
        ) as service,
    ):
        # What answers are compared with is made once, before there are threads.
        Visitor(service.url).get("/")
        with ThreadPoolExecutor(4) as attackers:
            found = attackers.map(lambda number: attack(service.url, number, each), range(networks))
            answers = [status for statuses in found for status in statuses]
        with services_for(Settings(data_dir=service.data_dir)) as services:
            wait_until(lambda: nothing_is_due(services), 600)

    assert answers.count(429) == networks
    assert len(answers) - answers.count(429) == networks * each
    assert len(mail.mails) == 3
    # No address but one mailbox's; the same words for all.
    assert {re.sub(r"\+\d+|\.(?=.*@)", "", one["To"].lower()) for one in mail.mails} <= {
        "anatorres@gmail.com", "anatorres@googlemail.com"
    }  # fmt: skip
    for part in (text_of, html_of):
        [words] = {re.sub(r"/n/N[\w-]+", "", part(one)) for one in mail.mails}
        assert "evil" not in words
        assert "Mallory" not in words
    assert {one["Subject"] for one in mail.mails} == {"Do you want e-mails about your messages?"}


def attack(url, network, each):
    """Send all that a network may send, and one more; return the statuses."""
    headers = {"X-Forwarded-For": f"198.18.{network}.7"}
    person = Visitor(url, headers=headers)
    person.get("/")
    statuses = []
    with Api(url, headers=headers, kept=True, is_described=False) as api:
        for number in range(each + 1):
            to = SPELLINGS[number % 4].replace("%d", str(network * 1_000 + number))
            if number % 10 == 9:
                form = {"text": EVIL, "subject": EVIL, "from": "Mallory", "notify.email": to}
                statuses.append(person.post("/", form | TICKED).status)
                continue
            made_up = {"Authorization": "Bearer S" + f"{network:03}{number:03}" * 5 + "AA"}
            fields = {"subject": EVIL, "from": "Mallory", "recipients": [EVIL],
                      "notify": {"email": to, "events": ["opened"]}}  # fmt: skip
            answer = api.ask("POST", "/api/v1/messages", {"text": EVIL} | fields,
                             headers=made_up if number % 2 else {})  # fmt: skip
            statuses.append(answer.status)
            if answer.status == 201 and number % 10 == 0:
                token = answer.json["links"][0]["token"]
                api.ask("POST", "/api/v1/link/reveal", {}, token=token, reader_key=new_reader_key())
    return statuses


def nothing_is_due(services):
    """Tell whether all that waits, waits for a day or an answer: a lease is half a minute."""
    soon = time.time() * 1_000 + 60_000
    return all(one.at > soon for one in services.delivering.waiting(2_000))
