"""Nobody can flood a mailbox through us, and no word of a sender reaches a stranger."""

import re
from email import message_from_bytes, policy
from itertools import pairwise

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from restante.channels.ask_email import Ask
from restante.channels.email import Happening
from restante.channels.notice_email import Letter
from restante.details import Details
from restante.email_address import mailbox
from restante.errors import Invalid
from restante.messages import Draft, Outcome, State
from restante.notices import Notice
from restante.store.replies import LinkRow
from tests.conftest import read
from tests.support.mailserver import MailServer
from tests.support.senders import MINUTE, SENDER, House, html_of, text_of

HOUR, DAY = 60 * MINUTE, 1_440 * MINUTE
AT = 1_790_000_000_000
OURS = ("Subject", "From", "To", "Date", "Message-ID", "In-Reply-To", "References",
        "Auto-Submitted", "List-Unsubscribe", "List-Unsubscribe-Post", "Content-Type",
        "MIME-Version", "Content-Language")  # fmt: skip


@pytest.fixture
def house(own_store, ring):
    with MailServer() as server:
        house = House(own_store(durability="memory"), ring, server)
        yield house
        house.close()


@pytest.mark.parametrize(
    ("senders", "messages"), [(30, 60), pytest.param(100, 10_000, marks=pytest.mark.endurance)]
)
def test_nobody_can_flood_a_strangers_mailbox(house, senders, messages):
    """Many senders, every spelling of the address, for days."""
    spellings = ["ana@gmail.com", "A.na@gmail.com", "ana+%d@gmail.com", "a.n.a+%d@googlemail.com"]
    subject = "Buy at https://evil.example"
    house.start()
    for number in range(messages):
        to = spellings[number % 4].replace("%d", str(number))
        sent = house.send(
            to, (number % senders).to_bytes(16, "big"), details=Details(subject=subject)
        )
        if number % (messages // 6) == 0:
            read(house.its, sent.links[0].token)
    days, patience = [], 60 + messages / 20
    for _ in range(5):
        house.rest(HOUR, patience)
        days.append(len(house.server.mails))
        house.clock.forward(DAY)

    assert days[0] == 3
    assert all(later - earlier <= 3 for earlier, later in pairwise(days))
    assert {mail["Subject"] for mail in house.server.mails} == {
        "Do you want e-mails about your messages?"
    }
    texts = {re.sub(r"/n/N[\w-]+", "", text_of(mail)) for mail in house.server.mails}
    assert len(texts) == 1
    assert "evil" not in texts.pop()
    house.clock.forward(4 * DAY)
    house.rest(HOUR, patience)
    assert len(house.server.mails) == days[-1]
    assert house.its.delivering.waiting() == []


def row(label, state=State.SPENT):
    given = {"state": state, "views": 1, "reveals": 1, "first_revealed_at": AT, "disputes": 1,
             "outcome": Outcome.ALREADY_SPENT, "link_id": b"l" * 16, "by_rule": False}  # fmt: skip
    none = dict.fromkeys(LinkRow._fields)
    return label, LinkRow(**none | given)


def parts_of(raw):
    mail = message_from_bytes(raw, policy=policy.default)
    return mail, text_of(mail), html_of(mail)


ODD = st.text(st.characters(codec="utf-8"), max_size=80) | st.sampled_from(
    ["x\r\nBcc: eve@evil.example", "x\n\nbody", "\u2028Bcc: a@b.example", "=?utf-8?q?=0ABcc:_a?=",
     "</bdi><script>alert(1)</script>", '"><img src=https://evil.example/p>', "\x85X: y", "\x0b"]
)  # fmt: skip


@given(subject=ODD, label=ODD, other=ODD)
def test_no_subject_and_no_label_adds_a_header_a_line_or_a_tag(subject, label, other):
    happening = Happening("link.revealed", AT, {"view": 1}, other)
    letter = Letter("ana@example.com", subject, "en", None, AT, [happening],
                    [row(label), row(other, State.READ)], None, None,
                    "https://letters.example/n/N" + "A" * 64, b"m" * 16)  # fmt: skip
    raw = letter.write(SENDER, event_id="id-2", at=AT)
    mail, text, html = parts_of(raw)
    plain = parts_of(
        Letter("ana@example.com", "x", "en", None, AT, [happening._replace(label="y")],
               [row("y"), row("y", State.READ)], None, None, letter.consent_url, b"m" * 16)
        .write(SENDER, event_id="id-2", at=AT)
    )  # fmt: skip

    assert sorted(mail.keys()) == sorted(OURS)
    head = raw.partition(b"\r\n\r\n")[0]
    assert re.findall(rb"(?i)^(?:bcc|x):", head, re.MULTILINE) == []
    assert mail["To"] == "ana@example.com"
    assert len(text.splitlines()) == len(plain[1].splitlines())
    assert re.findall(r"<(\w+)", html) == re.findall(r"<(\w+)", plain[2])


@pytest.mark.parametrize(
    "address",
    ["ana@example.com\r\nBcc: x@y.example", "ana@example.com,x@y.example", "<ana@example.com>x",
     "ana", "", "a b@example.com", "ana@example.com>\r\nRCPT TO:<x@y.example"],
)  # fmt: skip
def test_an_address_that_is_not_exactly_one_is_refused(house, address):
    with pytest.raises(Invalid) as refused:
        house.its.sending.send(Draft("x", notice=Notice(address)))

    assert [fault.field for fault in refused.value.faults] == ["notify.email"]


def test_an_ask_says_the_same_whoever_sent_and_whatever_they_wrote():
    ask = Ask("ana@example.com", "name", "https://letters.example", "N" + "A" * 64, "es")
    mail, text, _ = parts_of(ask.write(mailbox("L <l@example.net>"), event_id="x", at=AT))

    assert sorted(mail.keys()) == sorted(set(OURS) - {"References", "In-Reply-To"})
    assert "¿Quieres correos" in text
    assert mail["List-Unsubscribe"] == f"<https://letters.example/n/{ask.token}/unsubscribe>"


def test_the_total_of_a_day_makes_mails_wait_and_loses_none(own_store, ring):
    with MailServer() as server:
        house = House(own_store(durability="memory"), ring, server, budget_mails=2)
        house.agree()
        sent = [house.send() for _ in range(4)]
        for one in sent:
            read(house.its, one.links[0].token)
        house.start()
        house.mails(2)
        with redis.Redis(connection_pool=house.connection.pools[0]) as raw:
            for key in raw.scan_iter("*:budget:*"):
                raw.delete(key)
        house.clock.forward(61 * MINUTE)
        mails = house.mails(4)
        house.close()

    assert len(mails) == 4


def test_asks_of_strangers_leave_half_of_the_days_total_to_those_who_agreed(own_store, ring):
    """Otherwise somebody with many networks could silence everybody for a day."""
    with MailServer() as server:
        house = House(own_store(durability="memory"), ring, server, budget_mails=6)
        house.agree()
        for number in range(8):
            house.send(f"stranger{number}@example.com", number.to_bytes(16, "big"))
        house.start()
        house.mails(3)
        sent = [house.send() for _ in range(3)]
        for one in sent:
            read(house.its, one.links[0].token)
        mails = house.mails(6)
        house.close()

    assert [mail["Subject"][:4] for mail in mails] == ["Do y"] * 3 + ["News"] * 3
