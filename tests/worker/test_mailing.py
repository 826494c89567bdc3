"""Letters and the way they take: encrypted as the operator wants, bounded, and told to nobody."""

import asyncio

import pytest
from aiosmtpd.smtp import AuthResult

from restante.channels.channel import Notification
from restante.channels.failures import DeliveryFailed, Refused
from restante.channels.mailed_code import Letter, MailedCode
from restante.email_address import mailbox
from restante.settings import Settings, SettingsInvalid
from restante.settings.parsers import Relay
from tests.support import certificates
from tests.support.mailserver import MailServer
from tests.support.transports import transports
from worker.transports import mail as transport
from worker.transports.http import Http
from worker.transports.mail import Mail

AT = 1_790_000_000_000
LETTER = Letter(b"i" * 16, 1, "ana@example.com", "012345", "en")


async def every_connection_has_ended():
    """Wait until the loop watches nothing but its own pipe; TLS takes a while to say goodbye."""
    watched = asyncio.get_running_loop()._selector.get_map()
    async with asyncio.timeout(10):
        while len(watched) > 1:  # noqa: ASYNC110 (nothing tells of it)
            await asyncio.sleep(0.01)


def mail(relay, letter=LETTER, event_id="id-1"):
    async def deliver():
        way = Mail(relay, mailbox("Lettres à lire <letters@example.net>"))
        try:
            notification = Notification(event_id, letter, AT)
            await MailedCode().deliver(None, notification, transports(Http(()), way))
        finally:
            await every_connection_has_ended()

    asyncio.run(deliver())


@pytest.fixture
def certificate(tmp_path, monkeypatch):
    """A certificate for localhost that SSL_CERT_FILE makes good."""
    context, pem = certificates.localhost(tmp_path)
    return context, lambda: monkeypatch.setenv("SSL_CERT_FILE", str(pem))


def test_starttls_checks_the_certificates_name_before_login(certificate):
    tls, trust = certificate
    trust()
    logins = []

    def authenticate(_server, _session, _envelope, _mechanism, data):
        logins.append((data.login, data.password))
        return AuthResult(success=True)

    with MailServer(tls, require_starttls=True, authenticator=authenticate) as server:
        mail(Relay("localhost", server.port, "needed", "letters", "secret of the relay"))

    assert server.encrypted == [True]
    assert logins == [(b"letters", b"secret of the relay")]
    assert server.codes() == ["012345"]
    assert server.mails[0]["From"].addresses[0].display_name == "Lettres à lire"


def test_a_certificate_that_proves_nothing_gets_no_letter(certificate):
    tls, _ = certificate
    with MailServer(tls) as server, pytest.raises(DeliveryFailed) as failed:
        mail(Relay("localhost", server.port, "needed"))

    assert failed.value.failure.word == "tls"
    assert server.mails == []


def test_without_starttls_nothing_is_sent_where_it_is_needed():
    with MailServer() as server, pytest.raises(DeliveryFailed):
        mail(Relay("localhost", server.port, "needed"))

    assert server.mails == []


def test_a_relay_that_hangs_or_hangs_up_fails_in_time(monkeypatch):
    monkeypatch.setattr(transport, "TIMEOUT_SECONDS", 0.5)
    with MailServer() as server:
        server.answers = ["hang", "drop"]
        with pytest.raises(DeliveryFailed) as hanging:
            mail(Relay("127.0.0.1", server.port, "none"))
        with pytest.raises(DeliveryFailed) as dropped:
            mail(Relay("127.0.0.1", server.port, "none"))
    with pytest.raises(DeliveryFailed) as away:
        mail(Relay("127.0.0.1", server.port, "none"))

    assert hanging.value.failure.word == "timeout"
    assert dropped.value.failure.word in {"dropped", "421"}
    assert away.value.failure.word == "unreachable"


def test_an_address_is_refused_for_good_by_5xx_and_for_now_by_4xx():
    with MailServer() as server:
        server.answers = ["550 who is ana@example.com", "450 later"]
        with pytest.raises(Refused) as refused:
            mail(Relay("127.0.0.1", server.port, "none"))
        with pytest.raises(DeliveryFailed) as failed:
            mail(Relay("127.0.0.1", server.port, "none"))

    assert refused.value.word == "550"
    assert failed.value.failure.word == "450"
    assert "ana" not in f"{refused.value!r}{failed.value!r}"


def test_a_code_is_tried_again_soon_and_never_given_up():
    waits = [MailedCode.retries.wait_after(n) for n in range(1, 40)]

    assert waits[0] == 2_000
    assert max(waits) == waits[-1] == 30_000


BOTH = {"RESTANTE_MAIL_FROM": "Letters <letters@example.net>"}


@pytest.mark.parametrize(
    ("url", "relay"),
    [
        ("smtp://mail.example", Relay("mail.example", 587, "needed")),
        ("smtp://a%40b:p%3Aw@mail.example:25", Relay("mail.example", 25, "needed", "a@b", "p:w")),
        ("smtps://mail.example", Relay("mail.example", 465, "whole")),
        ("smtp://localhost:2525", Relay("localhost", 2525, "offered")),
        ("smtp+plain://relay", Relay("relay", 25, "none")),
    ],
)
def test_the_mail_servers_address_says_how_it_is_encrypted(url, relay):
    settings = Settings.from_env(BOTH | {"RESTANTE_SMTP_URL": url})

    assert settings.smtp_url == relay
    assert "mail.example" not in repr(settings)


@pytest.mark.parametrize(
    "environ",
    [
        {"RESTANTE_SMTP_URL": "smtp://mail.example"},
        BOTH,
        BOTH | {"RESTANTE_SMTP_URL": "http://mail.example"},
        BOTH | {"RESTANTE_SMTP_URL": "smtp://"},
        BOTH | {"RESTANTE_SMTP_URL": "smtp://name-alone@mail.example"},
        BOTH | {"RESTANTE_SMTP_URL": "smtp://mail.example/path"},
        {"RESTANTE_SMTP_URL": "smtp://mail.example", "RESTANTE_MAIL_FROM": "letters"},
    ],
)
def test_settings_for_mail_that_cannot_be_are_problems(environ):
    with pytest.raises(SettingsInvalid) as problem:
        Settings.from_env(environ)
    assert "mail.example" not in str(problem.value)


def test_the_letter_speaks_the_language_in_which_it_was_asked_for():
    with MailServer() as server:
        mail(Relay("127.0.0.1", server.port, "none"), LETTER._replace(language="es"))

    assert server.mails[0]["Content-Language"] == "es"
    assert server.mails[0]["Subject"] == "Tu código para un mensaje que te espera"
    assert "Alguien pidió este código" in server.mails[0].get_content()
    assert server.codes() == ["012345"]


def test_a_code_that_is_mailed_again_is_the_same_mail():
    """A mail server can take it and hang up before it says so."""
    event = "6d657373616765206f66206d696e6521-7"
    with MailServer() as server:
        server.data_answers = ["lose"]
        with pytest.raises(DeliveryFailed):
            mail(Relay("127.0.0.1", server.port, "none"), event_id=event)
        for one in (event, event[:-1] + "8"):
            mail(Relay("127.0.0.1", server.port, "none"), event_id=one)
        first, again, other = (one["Message-ID"] for one in server.mails)

    assert first == again != other
    assert event[:32] not in first
