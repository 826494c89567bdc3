"""An address that gets many mails gets one in ten minutes, and it tells of all messages."""

import re

import pytest
import redis
from hypothesis import given

from restante.channels import digest_email
from restante.channels.email import Happening
from restante.channels.failures import Failure
from restante.details import Details
from restante.messages import State
from restante.store import keys
from tests.conftest import read
from tests.core.test_email_faults import until_all_is_mailed
from tests.core.test_email_limits import AT, ODD, OURS, parts_of, row
from tests.support.mailserver import MailServer
from tests.support.senders import MINUTE, SENDER, House, html_of, text_of

ALL = ("opened",)
OPENED = "Opened for the first time"
DAY = 1_440 * MINUTE


@pytest.fixture
def house(own_store, ring):
    with MailServer() as server:
        house = House(own_store(durability="memory"), ring, server)
        house.agree()
        yield house
        house.close()


def send(house, number, **fields):
    return house.send(
        text="behind the Vermeer",
        details=Details(subject=f"Letter {number:02}"),
        events=ALL,
        views=9,
        **fields,
    )


def open_all(house, sent, view=0):
    for one in sent:
        read(house.its, one.links[0].token, view)


def fill(house):
    """Mail so much that the next mail has to wait."""
    first = [send(house, number) for number in range(12)]
    open_all(house, first)
    house.start()
    house.mails(12)
    # A message may be told of again after a minute.
    house.clock.forward(MINUTE)
    return first


def subjects(mail):
    return re.findall(r"Letter \d\d", text_of(mail))


def test_what_many_messages_tell_is_one_mail_in_ten_minutes(house):
    fill(house)
    later = [send(house, number) for number in range(20, 60)]
    open_all(house, later[:30])
    house.rest()
    assert len(house.server.mails) == 12
    house.clock.forward(8 * MINUTE)
    open_all(house, later[30:])
    house.rest()
    assert len(house.server.mails) == 12
    house.clock.forward(2 * MINUTE)
    digest = house.mails(13)[12]
    text = text_of(digest)
    house.clock.forward(DAY)
    house.rest()

    assert digest["Subject"] == "News of your messages"
    assert len(set(subjects(digest))) == len(subjects(digest)) == 25
    assert set(subjects(digest)) <= {f"Letter {number}" for number in range(20, 60)}
    assert text.count(OPENED) == 25
    assert "15 more messages have news." in text
    assert len(house.server.mails) == 13
    assert house.its.delivering.waiting() == house.its.delivering.dead() == []
    for secret in ("Vermeer", *(str(one.links[0].token) for one in later)):
        assert secret not in text + html_of(digest) + digest.as_string()


def test_each_happening_is_told_once_and_the_next_mail_is_one_of_its_own_again(house):
    first = fill(house)
    open_all(house, first[:3], view=1)
    open_all(house, first[:2], view=2)
    house.rest()
    house.clock.forward(11 * MINUTE)
    house.rest()
    open_all(house, first[:1], view=3)
    house.clock.forward(11 * MINUTE)
    house.rest()
    open_all(house, first[:1], view=4)
    house.clock.forward(61 * MINUTE)
    until_all_is_mailed(house)
    open_all(house, first[:1], view=5)
    until_all_is_mailed(house)
    told = "\n".join(map(text_of, house.server.mails))

    assert told.count("Shown to someone who had this link") == 5 + 1 + 1 + 1
    assert told.count(OPENED) == 12
    assert house.server.mails[-1]["Subject"] == "News of “Letter 00”"
    assert len({mail["Message-ID"] for mail in house.server.mails}) == len(house.server.mails)


def take(house, shard, channel="email"):
    (delivery,) = house.its.delivering.take(shard, 10, channel)
    return delivery, delivery.notifications[0]


def test_what_a_dead_worker_gathered_is_not_told_twice(house):
    """It ended between the two shards: the digest has the news, and the message still waits."""
    fill(house)
    house.stop()
    sent = send(house, 20)
    open_all(house, [sent])
    delivery, notification = take(house, sent.control.shard)
    cleared = house.its.delivering.clear(delivery, notification)
    assert cleared.content is None
    assert cleared.settles
    # The digest was mailed before the message was looked at again.
    house.clock.forward(11 * MINUTE)
    house.start()
    until_all_is_mailed(house)
    house.clock.forward(DAY)
    until_all_is_mailed(house)

    assert sum("Letter 20" in text_of(mail) for mail in house.server.mails) == 1


def test_what_was_perhaps_mailed_alone_is_never_put_into_a_digest(house):
    fill(house)
    house.stop()
    house.clock.forward(61 * MINUTE)
    sent, other = send(house, 20), send(house, 21)
    open_all(house, [sent])
    delivery, notification = take(house, sent.control.shard)
    cleared = house.its.delivering.clear(delivery, notification)
    assert cleared.content.subject == "Letter 20"
    for _ in range(11):
        house.its.delivering.clear(delivery, notification)
    # Its worker ended here, perhaps after the mail.
    open_all(house, [other])
    house.clock.forward(1 * MINUTE)
    house.start()
    until_all_is_mailed(house)
    news = {mail["Subject"]: mail["Message-ID"] for mail in house.server.mails}

    assert news["News of “Letter 20”"].startswith(f"<{notification.event_id}@")
    assert [subjects(m) for m in house.server.mails if "your messages" in m["Subject"]] == [
        ["Letter 21"]
    ]


def test_a_repeated_digest_is_the_same_and_what_comes_meanwhile_follows_in_order(house):
    first = fill(house)
    open_all(house, first[:4], view=1)
    house.rest()
    house.server.data_answers = ["lose", "451 later"]
    house.clock.forward(11 * MINUTE)
    house.rest(soon=0)
    open_all(house, first[:2], view=2)
    until_all_is_mailed(house)
    digests = house.server.mails[12:]
    texts = {}
    for mail in digests:
        texts.setdefault(mail["Message-ID"], set()).add(tuple(sorted(subjects(mail))))

    assert list(texts.values()) == [
        {tuple(f"Letter {number:02}" for number in range(4))},
        {("Letter 00", "Letter 01")},
    ]
    assert len(digests) == 3
    assert len({mail["References"] for mail in digests}) == 1


def test_a_refused_digest_is_a_dead_letter_that_can_be_sent_again(house):
    first = fill(house)
    open_all(house, first[:2], view=1)
    house.rest()
    house.server.answers = ["550 no such user"]
    house.clock.forward(11 * MINUTE)
    house.rest()
    (dead,) = house.its.delivering.dead()
    assert (dead.channel, dead.receiver, dead.events_left) == ("digest", "example.com", 2)
    assert house.its.delivering.resend(dead.message_id)
    until_all_is_mailed(house)

    assert sorted(subjects(house.server.mails[-1])) == ["Letter 00", "Letter 01"]
    assert house.its.delivering.dead() == []


def test_a_message_that_was_forgotten_or_switched_off_is_not_in_the_digest(house):
    fill(house)
    gone, quiet, left = (send(house, number) for number in (20, 21, 22))
    open_all(house, [gone, quiet, left])
    house.rest()
    house.its.managing.forget(gone.control)
    house.its.managing.set_notice(quiet.control, None)
    house.clock.forward(11 * MINUTE)
    digest = house.mails(13)[12]

    assert subjects(digest) == ["Letter 22"]


def test_nothing_is_told_after_the_address_stopped_its_mails(house):
    first = fill(house)
    open_all(house, first, view=1)
    house.rest()
    house.press(house.server.mails[0], "stop")
    house.clock.forward(11 * MINUTE)
    house.rest()
    house.clock.forward(2 * DAY)
    house.rest()

    assert len(house.server.mails) == 12
    assert house.its.delivering.waiting() == house.its.delivering.dead() == []


def test_over_the_limit_of_a_day_the_next_day_has_one_mail(own_store, ring):
    with MailServer() as server:
        house = House(own_store(durability="memory"), ring, server, budget_mails_address=3)
        house.agree()
        house.start()
        sent = [send(house, number) for number in range(9)]
        open_all(house, sent)
        house.mails(3)
        house.rest()
        house.clock.forward(DAY + MINUTE)
        mails = house.mails(4)
        house.close()

    assert len(mails) == 4
    assert len(subjects(mails[3])) == 6


def test_a_digest_keeps_numbers_of_events_and_goes_by_itself(house):
    first = fill(house)
    house.stop()
    open_all(house, first[:1], view=1)
    house.start()
    house.rest()
    with redis.Redis(connection_pool=house.connection.pools[0]) as raw:
        (digest,) = [key for key in raw.scan_iter("*:message:*") if raw.hexists(key, "digest")]
        its_events = digest.replace(b":message:", b":events:")
        (entry,) = raw.lrange(its_events, 0, -1)
        now = house.clock.now()
        ttls = [raw.pexpiretime(key) - now for key in (digest, its_events)]
    head, _, message_id = entry.partition(b"\n")

    assert re.fullmatch(rb"\d+ digest\.news shard=\d+,after=\d+,until=\d+", head)
    assert keys.message(first[0].control).endswith(message_id)
    assert all(0 < ttl <= 4 * DAY for ttl in ttls)


def test_a_digest_takes_no_more_than_it_can_tell_and_nothing_is_dropped(house):
    first = fill(house)
    open_all(house, first[:1], view=1)
    house.rest()
    with redis.Redis(connection_pool=house.connection.pools[0]) as raw:
        (digest,) = [key for key in raw.scan_iter("*:message:*") if raw.hexists(key, "digest")]
        its_events = digest.replace(b":message:", b":events:")
        raw.rpush(its_events, *raw.lrange(its_events, 0, 0) * 19_999)
        open_all(house, first[1:2], view=1)
        house.rest()
        assert raw.llen(its_events) == 20_000
        raw.ltrim(its_events, 0, 0)
    house.clock.forward(11 * MINUTE)
    until_all_is_mailed(house)

    told = [name for mail in house.server.mails[12:] for name in subjects(mail)]
    assert sorted(told) == ["Letter 00", "Letter 01"]


def written(subject, label):
    part = digest_email.Part(
        subject, AT, [Happening("link.revealed", AT, {"view": 1}, label)],
        [row("")[1], row("", State.READ)[1]], "https://letters.example/s/C",
    )  # fmt: skip
    consent = "https://letters.example/n/N" + "A" * 64
    letter = digest_email.Letter(
        "ana@example.com", "en", None, [part, part], 0, None, consent, b"d" * 16
    )
    return letter.write(SENDER, event_id="id-2", at=AT)


@given(subject=ODD, label=ODD)
def test_no_subject_and_no_label_adds_a_header_a_line_or_a_tag(subject, label):
    mail, text, html = parts_of(written(subject, label))
    _, plain_text, plain_html = parts_of(written("x", "y"))

    assert sorted(mail.keys()) == sorted(OURS)
    assert mail["To"] == "ana@example.com"
    assert len(text.splitlines()) == len(plain_text.splitlines())
    assert re.findall(r"<(\w+)", html) == re.findall(r"<(\w+)", plain_html)


def test_what_was_gathered_although_the_answer_was_lost_is_not_told_twice(house):
    fill(house)
    house.stop()
    sent = send(house, 20)
    open_all(house, [sent])
    delivery, notification = take(house, sent.control.shard)
    assert house.its.delivering.clear(delivery, notification).content is None
    house.its.delivering.settle(delivery, 0, Failure("internal"))
    house.clock.forward(11 * MINUTE)
    house.start()
    until_all_is_mailed(house)

    assert sum("Letter 20" in text_of(mail) for mail in house.server.mails) == 1
