"""Notifications by mail: asked first, gathered, one conversation, and nothing that opens it."""

import re

import pytest

from restante.channels import CHANNELS
from restante.details import Details
from restante.messages import Draft
from restante.notices import EVENTS
from tests.conftest import read, reader_key
from tests.support.mailserver import MailServer
from tests.support.processes import wait_until
from tests.support.senders import MINUTE, OWNER, TO, House, html_of, text_of, token_in


@pytest.fixture
def house(own_store, ring):
    with MailServer() as server:
        house = House(own_store(durability="memory"), ring, server)
        house.start()
        yield house
        house.close()


def test_the_first_mail_asks_with_fixed_words_and_news_wait_for_the_answer(house):
    subject = "Come to https://evil.example NOW"
    sent = house.send(recipients=("Mallory",), details=Details(subject=subject, sender_name="Eve"))
    [ask] = house.mails(1)
    read(house.its, sent.links[0].token)
    house.rest()
    house.clock.forward(MINUTE)
    house.press(ask)
    [_, news] = house.mails(2)

    assert ask["Subject"] == "Do you want e-mails about your messages?"
    for own in (subject, "evil", "Mallory", "Eve", str(sent.control), str(sent.links[0].token)):
        assert own not in ask.as_string()
    assert "evil" in news["Subject"]
    assert "Opened for the first time" in text_of(news)


def test_a_sender_with_consent_is_mailed_at_once_and_another_is_asked_anew(house):
    house.agree()
    first = house.send(details=Details(subject="Keys"))
    read(house.its, first.links[0].token)
    [news] = house.mails(1)
    other = house.send(owner=b"sender-id-of-ben")
    read(house.its, other.links[0].token)
    [_, ask] = house.mails(2)

    assert news["Subject"] == "News of “Keys”"
    assert "Do you want" in ask["Subject"]


def test_a_message_without_an_owner_asks_for_itself_alone(house):
    house.send(owner=None)
    house.press(house.mails(1)[0])
    second = house.send(owner=None)
    read(house.its, second.links[0].token)

    assert [mail["Subject"][:11] for mail in house.mails(2)] == ["Do you want"] * 2


def test_what_happens_within_a_minute_is_one_mail_in_one_conversation(house):
    house.agree()
    sent = house.send(views=5, recipients=("Ana", "Ben"), events=("opened",))
    ana, ben = (link.token for link in sent.links)
    read(house.its, ana, 1)
    house.mails(1)
    house.rest()
    for reader in range(2, 5):
        read(house.its, ben, reader)
        house.rest()
    assert len(house.server.mails) == 1
    house.clock.forward(MINUTE)
    first, second = house.mails(2)

    assert text_of(first).count("Opened for the first time") == 1
    assert text_of(second).count("someone who had this link") == 3
    assert "Ben" in text_of(second)
    assert first["References"] == second["References"] == first["In-Reply-To"]
    assert first["Subject"] == second["Subject"]
    assert first["Message-ID"] != second["Message-ID"]


def test_only_chosen_events_are_told_and_by_default_five(house):
    house.agree()
    sent = house.send(views=3)
    token = sent.links[0].token
    read(house.its, token, 1)
    house.mails(1)
    house.clock.forward(MINUTE)
    read(house.its, token, 2)
    house.its.answering.confirm(token, reader_key(2))
    house.rest()
    house.its.answering.dispute(token, [reader_key(9)])
    [_, second] = house.mails(2)

    assert "That was not me" in text_of(second)
    assert "I have read this" not in text_of(second)
    assert text_of(second).count("Shown to") == 0


@pytest.mark.parametrize("event", ["locked", "expired_unread", "declined", "confirmed"])
def test_each_event_is_told_if_it_was_chosen(house, event):
    house.agree()
    secret = {"passphrase": "right"} if event == "locked" else {}
    sent = house.send(events=(event,), views=2, expires_in_seconds=60, **secret)
    token = sent.links[0].token
    match event:
        case "locked":
            for number in range(10):
                with pytest.raises(Exception, match=r"."):
                    house.its.reading.reveal(token, reader_key(number), "wrong", visitor="browser")
        case "expired_unread":
            house.clock.forward(2 * MINUTE)
            house.its.timekeeping.catch_up()
        case "declined":
            house.its.answering.decline(token, [reader_key()])
        case "confirmed":
            read(house.its, token)
            house.its.answering.confirm(token, reader_key())
    [mail] = house.mails(1)
    words = {"locked": "Locked", "expired_unread": "Expired unread",
             "declined": "not for me", "confirmed": "I have read this"}  # fmt: skip

    assert words[event] in text_of(mail)


def test_a_mail_says_who_can_stop_it_and_how(house):
    house.agree()
    sent = house.send(details=Details(language="es", subject="Llaves"), zone="Europe/Madrid")
    read(house.its, sent.links[0].token)
    [mail] = house.mails(1)
    url = re.fullmatch(r"<(.*)/unsubscribe>", mail["List-Unsubscribe"])[1]

    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert url.endswith("/n/" + token_in(mail))
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Content-Language"] == "es"
    assert mail["Subject"] == "Noticias de «Llaves»"
    assert "(Madrid)" in text_of(mail)
    assert 'lang="es"' in html_of(mail)


def test_only_a_sender_who_wants_it_gets_the_control_url_in_mails(house, raw):
    house.agree()
    for has_link in (False, True):
        sent = house.send(has_link=has_link)
        read(house.its, sent.links[0].token)
        mail = house.mails(1 + has_link)[-1]

        assert (f"/s/{sent.control}" in text_of(mail)) is has_link
        assert (f"/s/{sent.control}" in html_of(mail)) is has_link


def test_no_mail_has_content_a_links_token_or_a_passphrase(house):
    house.agree()
    sent = house.send(text="the safe is behind the Vermeer", passphrase="a long passphrase",
                      recipients=("Ana", "Ben"), has_link=True, events=tuple(EVENTS))  # fmt: skip
    token = sent.links[0].token
    house.its.reading.reveal(token, reader_key(), "a long passphrase", visitor="browser")
    house.mails(1)
    house.clock.forward(MINUTE)
    house.its.managing.recall(sent.control)
    house.its.answering.dispute(token, [reader_key(3)])
    mails = house.mails(2)

    for mail in mails:
        for part in (mail.as_string(), text_of(mail), html_of(mail)):
            for secret in ("Vermeer", "a long passphrase", *(str(li.token) for li in sent.links)):
                assert secret not in part


def test_nothing_is_told_after_a_consent_was_withdrawn_or_all_mails_were_stopped(house):
    house.agree()
    sent = house.send(views=3, events=("opened",))
    read(house.its, sent.links[0].token, 1)
    [mail] = house.mails(1)
    house.press(mail, "withdraw")
    house.clock.forward(MINUTE)
    read(house.its, sent.links[0].token, 2)
    house.rest()
    house.press(mail, "give")
    house.press(mail, "stop")
    read(house.its, sent.links[0].token, 3)
    house.rest()

    assert len(house.server.mails) == 1


def test_a_forgotten_message_tells_nothing_more(house):
    house.agree()
    sent = house.send(views=3, events=("opened",))
    read(house.its, sent.links[0].token, 1)
    house.mails(1)
    read(house.its, sent.links[0].token, 2)
    house.its.managing.forget(sent.control)
    house.clock.forward(2 * MINUTE)
    house.rest()

    assert len(house.server.mails) == 1


def test_the_operator_sees_the_domain_of_an_address_alone(house):
    email = CHANNELS["email"]
    sent = house.send()
    target = email.target(
        sent.message_id,
        email.keep(Draft("x", notice=None), sent.control, house.its.delivering._fields) or b"",
        house.its.delivering._fields,
    )
    assert target is None
    house.mails(1)
    [waiting] = wait_until(house.its.delivering.waiting)

    assert waiting.receiver == TO.partition("@")[2]
    assert OWNER.hex() not in repr(waiting)


def test_the_store_has_the_control_token_of_a_message_only_if_its_mails_have_a_link(house):
    email, fields = CHANNELS["email"], house.its.delivering._fields
    for has_link in (False, True):
        sent = house.send(has_link=has_link)
        report = house.its.consents and house.its.delivering._desk.report(
            sent.control.shard, sent.message_id
        )
        kept = email.target(sent.message_id, report.email, fields)

        assert kept.control == (str(sent.control) if has_link else None)
