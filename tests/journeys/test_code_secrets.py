"""Codes, addresses and the mail server's password: in boxes, in one mail, and nowhere else."""

import re

from tests.journeys.conftest import TEXT
from tests.journeys.test_evidence import kept_in
from tests.support import canaries
from tests.support.api import Api, new_reader_key
from tests.support.mailserver import MailServer
from tests.support.processes import Service, free_port, wait_until
from tests.support.receiver import Receiver

ADDRESS = "ana.of.the.archive@example.com"
PASSWORD = "the-mail-servers-own-password"
FROM = "Letters <letters@example.net>"


def ask(api, sent):
    return api.ask("POST", "/api/v1/link/code", {}, token=sent.link)


def is_in(word, spot):
    """Digits come up in times: only a run of its own counts."""
    return re.search(rb"(?<![0-9])%b(?![0-9])" % word, spot, re.IGNORECASE) is not None


def test_neither_address_nor_code_stands_in_the_store_or_a_log_in_clear(tmp_path):
    canaries.learn("address", ADDRESS)
    with (
        MailServer() as mail,
        Service(
            tmp_path,
            RESTANTE_SMTP_URL=mail.url,
            RESTANTE_MAIL_FROM=FROM,
            RESTANTE_LOG_LEVEL="debug",
        ) as service,
    ):
        api = Api(service.url)
        sent = api.send(TEXT, recipients=[f"Ana <{ADDRESS}>"], mailed_code=True)
        assert ask(api, sent).status == 204
        code = mail.code()
        before = kept_in(service)
        body = {"code": code}
        opened = api.ask(
            "POST", "/api/v1/link/reveal", body, token=sent.link, reader_key=new_reader_key()
        )
        after = kept_in(service)
        log = service.log().encode()

    assert opened.json["text"] == TEXT
    assert any(b":code:" in key for key, *_ in before)
    assert not any(b":code:" in key for key, *_ in after)
    for word in (ADDRESS.encode(), b"ana.of.the.archive", code.encode()):
        assert not [spot for place in (*before, *after) for spot in place if is_in(word, spot)]
        assert not is_in(word, log)


def test_a_mail_server_that_is_away_and_its_password_are_in_no_log(tmp_path):
    canaries.learn("the mail server's password", PASSWORD)
    with Service(
        tmp_path,
        RESTANTE_SMTP_URL=f"smtp://letters:{PASSWORD}@127.0.0.1:{free_port()}",
        RESTANTE_MAIL_FROM=FROM,
        RESTANTE_LOG_LEVEL="debug",
    ) as service:
        api = Api(service.url)
        ask(api, api.send(TEXT, recipients=[ADDRESS], mailed_code=True))
        wait_until(lambda: "delivery failed" in service.log(), 30)

        assert PASSWORD not in service.log()
        assert ADDRESS not in service.log()


def test_a_mail_server_that_hangs_holds_up_no_webhook(tmp_path):
    with (
        MailServer() as mail,
        Receiver() as receiver,
        Service(
            tmp_path,
            RESTANTE_SMTP_URL=mail.url,
            RESTANTE_MAIL_FROM=FROM,
            RESTANTE_WEBHOOK_NETWORKS="127.0.0.0/8",
        ) as service,
    ):
        api = Api(service.url)
        mail.answers = ["hang"] * 100
        for _ in range(12):
            ask(api, api.send(TEXT, recipients=[ADDRESS], mailed_code=True))
        wait_until(lambda: len(mail.answers) < 100)
        told = api.send(TEXT, notify={"webhook": receiver.url})
        api.recall(told.control)
        wait_until(lambda: receiver.taken)

        assert receiver.taken[0].json["type"] == "link.recalled"
        assert mail.mails == []
