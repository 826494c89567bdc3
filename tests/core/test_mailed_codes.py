"""Mailed codes in the store: how long they are good, how often they are asked for, when they go."""

import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest

from restante import wiring
from restante.crypto.keyring import Keyring, new_key
from restante.crypto.mailed_codes import (
    CODES_MOST,
    GOOD_SECONDS,
    PAUSE_SECONDS,
    address_id,
    mac,
    macs,
    new_code,
)
from restante.details import Details
from restante.email_address import mailbox
from restante.errors import CodeRequired, CodesUsedUp, CodeWrong, Gone, PassphraseWrong
from restante.messages import Draft, State
from restante.settings import DAY, Settings
from restante.settings.parsers import Relay
from restante.store import keys
from restante.store.keys import link as link_key
from tests.conftest import happened, kept_of, reader_key
from tests.support.lines import at_once

SECOND = 1_000
VECTORS = json.loads((Path(__file__).parents[1] / "vectors/envelope.json").read_text("utf-8"))
MAILS = Settings(smtp_url=Relay("127.0.0.1", 25, "none"), mail_from=mailbox("a@example.net"))


@pytest.fixture
def house(connection, ring, clock):
    return wiring.assemble(MAILS, ring, connection, now=clock.now)


@pytest.fixture
def sent(house):
    return house.sending.send(
        Draft("the safe", recipients=("ana@example.com",), details=Details(mailed_code=True))
    )


def ask(house, link):
    return house.reading.request_code(link, language="es")


def letter_of(house, sent):
    """Return the letter that the outbox would mail now, if there is one."""
    taken = house.delivering.take(sent.control.shard, 1_000)
    found = [
        notification.content
        for delivery in taken
        for notification in delivery.notifications
        if delivery.due.message_id == sent.message_id and notification.content
    ]
    return found[-1] if found else None


def other_than(code):
    return f"{(int(code) + 1) % 1_000_000:06}"


def settled_letter_of(house, sent):
    """Return the letter that is due, as if it had been mailed."""
    [delivery] = [
        one
        for one in house.delivering.take(sent.control.shard, 1_000)
        if one.due.message_id == sent.message_id
    ]
    house.delivering.settle(delivery, len(delivery.notifications))
    return [one.content for one in delivery.notifications if one.content][-1]


def to(letter, address):
    """Return the notification with another address."""
    return letter._replace(content=letter.content._replace(address=address))


def read(house, link, code, reader=1, passphrase=None):
    return house.reading.reveal(
        link, reader_key(reader), passphrase, code=code, visitor="browser"
    ).text


def test_a_mailed_code_has_address_language_and_number_and_the_reader_learns_its_expiry(
    house, sent, clock
):
    link = sent.links[0].token
    requested = ask(house, link)
    letter = letter_of(house, sent)

    assert requested.until == clock.now() + GOOD_SECONDS * SECOND
    assert (letter.address, letter.language, letter.number) == ("ana@example.com", "es", 1)
    assert read(house, link, letter.code) == "the safe"


def test_a_code_is_good_for_ten_minutes_and_no_longer(house, sent, clock):
    link = sent.links[0].token
    ask(house, link)
    code = letter_of(house, sent).code
    clock.forward(GOOD_SECONDS * SECOND)

    with pytest.raises(CodeRequired):
        read(house, link, code)
    assert happened(house, sent) == ["message.sent", "link.code_requested"]


def test_a_new_code_is_made_at_most_once_a_minute_and_replaces_the_old_one(house, sent, clock):
    link = sent.links[0].token
    first = ask(house, link)
    old = letter_of(house, sent).code
    clock.forward(PAUSE_SECONDS * SECOND - 1)
    again = ask(house, link)
    clock.forward(1)
    third = ask(house, link)
    clock.forward(31 * SECOND)
    new = letter_of(house, sent).code

    assert (first.fresh, again.fresh, third.fresh) == (True, False, True)
    assert again.until == first.until
    assert happened(house, sent).count("link.code_requested") == 2
    if new != old:
        with pytest.raises(CodeWrong):
            read(house, link, old)
    assert read(house, link, new) == "the safe"


def test_a_link_has_ten_codes_and_no_more(house, sent, clock):
    link = sent.links[0].token
    for _ in range(CODES_MOST):
        assert ask(house, link).fresh
        clock.forward(PAUSE_SECONDS * SECOND)
    last = letter_of(house, sent).code

    with pytest.raises(CodesUsedUp):
        ask(house, link)
    assert read(house, link, last) == "the safe"


def test_of_many_who_ask_at_once_one_gets_a_new_code(house, sent):
    link = sent.links[0].token
    asked = at_once([lambda: ask(house, link)] * 8)

    assert [one.fresh for one in asked].count(True) == 1
    assert len({one.until for one in asked}) == 1


def test_a_replace_keeps_the_address_the_tries_and_the_code(house, sent):
    link = sent.links[0].token
    ask(house, link)
    code = letter_of(house, sent).code
    with pytest.raises(CodeWrong) as wrong:
        read(house, link, other_than(code))
    house.sending.replace(sent.control, "the vault")
    with pytest.raises(CodeWrong) as again:
        read(house, link, other_than(code))

    assert again.value.tries_left == wrong.value.tries_left - 1
    assert read(house, link, code) == "the vault"


@pytest.mark.parametrize("end", ["recall", "expire", "lock", "spend"])
def test_with_the_link_its_address_and_its_code_are_gone(house, sent, clock, raw, end):
    link = sent.links[0].token
    ask(house, link)
    code = letter_of(house, sent).code
    match end:
        case "recall":
            house.managing.recall(sent.control)
        case "expire":
            clock.forward(MAILS.expiry_default * SECOND)
            house.timekeeping.catch_up()
        case "lock":
            for _ in range(MAILS.passphrase_tries):
                with pytest.raises((CodeWrong, Gone)):
                    read(house, link, other_than(code))
        case "spend":
            read(house, link, code)
    state = house.managing.status(sent.control).links[0].state
    kept = raw.hgetall(link_key(link))

    assert state in {State.RECALLED, State.EXPIRED, State.LOCKED, State.SPENT}
    assert not {b"address", b"code", b"code_until"} & kept.keys()
    assert b"code:" + link.link_id not in kept_of(raw, sent)
    with pytest.raises(Gone):
        ask(house, link)
    clock.forward(60 * SECOND)
    assert letter_of(house, sent) is None


def test_within_the_lease_the_same_reader_needs_no_code(house, sent):
    link = sent.links[0].token
    ask(house, link)
    read(house, link, letter_of(house, sent).code)

    assert read(house, link, None) == "the safe"


def test_a_wrong_passphrase_leaves_the_code(house):
    sent = house.sending.send(
        Draft(
            "x",
            recipients=("ana@example.com",),
            details=Details(mailed_code=True),
            passphrase="sesame",
        )
    )
    link = sent.links[0].token
    ask(house, link)
    code = letter_of(house, sent).code
    with pytest.raises(PassphraseWrong):
        read(house, link, code, passphrase="nonsense")

    assert read(house, link, code, passphrase="sesame") == "x"


def test_a_link_without_mailed_codes_mails_none(house):
    sent = house.sending.send(Draft("x", recipients=("ana@example.com",)))

    assert ask(house, sent.links[0].token) is None
    assert happened(house, sent) == ["message.sent"]


def test_a_code_is_known_under_every_root_key(ring):
    code = new_code()

    assert len(code) == 6
    assert code.isdigit()
    assert macs(ring, b"i" * 16, None) == macs(ring, b"i" * 16, " ") == b""
    assert len(macs(ring, b"i" * 16, code)) == 16


@pytest.mark.parametrize(
    ("written", "name", "address"),
    [
        ("ana@example.com", "", "ana@example.com"),
        (" Ana María <ana.m+x@mail.example.com> ", "Ana María", "ana.m+x@mail.example.com"),
        ("ana@xn--bcher-kva.example", "", "ana@xn--bcher-kva.example"),
    ],
)
def test_a_mailbox_is_taken_apart(written, name, address):
    assert mailbox(written) == (name, address)


@pytest.mark.parametrize("vector", VECTORS["mailed_codes"])
def test_a_code_is_known_by_what_the_vectors_say(vector):
    root_key, link_id = (bytes.fromhex(vector[name]) for name in ("root_key", "link_id"))

    assert mac(root_key, link_id, vector["code"]).hex() == vector["mac"]
    assert macs(Keyring([root_key]), link_id, f" {vector['code']} ").hex() == vector["mac"]


@pytest.mark.parametrize("vector", VECTORS["mailed_addresses"])
def test_an_address_is_counted_by_what_the_vectors_say(vector):
    ring = Keyring([bytes.fromhex(vector["root_key"])])

    assert address_id(ring, vector["address"]).hex() == vector["address_id"]


@pytest.mark.parametrize(
    "written",
    ["a@b.com\nBcc: c@d.com", "A\r\n <a@b.com>", "a@b.com>", "<a@b.com> x", "a@b..com", "a@-b.com",
     ".a@b.com", "a@b.c0m.9", "a@" + "b" * 64 + ".com", "", "@b.com", "A <b@c.com>, D <e@f.com>"],
)  # fmt: skip
def test_an_invalid_mailbox_is_rejected(written):
    assert mailbox(written) is None


def test_a_code_that_waits_in_the_outbox_of_an_earlier_version_is_mailed_once(house, sent, raw):
    """Earlier, webhooks and codes waited in one outbox."""
    ask(house, sent.links[0].token)
    shard, member = sent.control.shard, sent.message_id + b":code"
    [at] = raw.zmscore(keys.outbox(shard, "code"), [member])
    raw.zrem(keys.outbox(shard, "code"), member)
    raw.zadd(keys.outbox(shard), {member: at})

    assert settled_letter_of(house, sent)
    assert letter_of(house, sent) is None
    for channel in ("webhook", "code"):
        assert raw.zmscore(keys.outbox(shard, channel), [member]) == [None]


def test_only_the_request_of_a_code_starts_a_delivery_of_its_channel(house, sent, raw):
    outbox, member = keys.outbox(sent.control.shard, "code"), sent.message_id + b":code"
    house.managing.extend(sent.control, 3_600)
    assert raw.zmscore(outbox, [member]) == [None]
    ask(house, sent.links[0].token)

    assert raw.zmscore(outbox, [member]) != [None]


@pytest.mark.parametrize(("webhook", "kept"), [(None, 1), ("https://hooks.example/", 4 * DAY)])
def test_mailed_codes_do_not_lengthen_the_retention_and_a_webhook_does(
    house, clock, raw, webhook, kept
):
    brief = replace(MAILS, retention_seconds=1)
    house = wiring.assemble(brief, house.keyring, house.connection, now=clock.now)
    details = Details(mailed_code=True)
    sent = house.sending.send(
        Draft("x", recipients=("ana@example.com",), details=details, webhook=webhook)
    )
    house.managing.recall(sent.control)
    forget_at = raw.hget(keys.message(sent.control), "forget_at")

    assert int(forget_at) == clock.now() + kept * SECOND


def test_no_address_is_mailed_more_than_fifty_codes_in_a_day(house, sent, connection):
    ask(house, sent.links[0].token)
    taken = house.delivering.take(sent.control.shard, 1_000)
    [delivery] = [one for one in taken if one.due.message_id == sent.message_id]
    [letter] = [one for one in delivery.notifications if one.content]
    same = f"{new_code()}@Example.com"
    told = [house.delivering.affords(delivery, to(letter, same)) for _ in range(51)]
    lower = house.delivering.affords(delivery, to(letter, same.lower()))

    assert told == [True] * 50 + [False]
    assert lower is False
    assert house.delivering.affords(delivery, to(letter, f"x{same}"))


def test_a_retried_code_mail_is_not_counted_again(house):
    recipients = (f"{new_code()}@example.com", "bob@example.com")
    sent = house.sending.send(
        Draft("the safe", recipients=recipients, details=Details(mailed_code=True))
    )
    for link in sent.links:
        ask(house, link.token)
    taken = house.delivering.take(sent.control.shard, 1_000)
    [delivery] = [one for one in taken if one.due.message_id == sent.message_id]
    first, second = [one for one in delivery.notifications if one.content]
    again = replace(delivery, due=delivery.due._replace(failures=1))
    told = [house.delivering.affords(delivery, first) for _ in range(51)]

    assert told == [True] * 50 + [False]
    assert house.delivering.affords(again, first)
    assert not house.delivering.affords(again, to(second, first.content.address))


def test_each_view_that_was_opened_makes_room_for_one_more_code(house, clock):
    sent = house.sending.send(
        Draft(
            "the safe",
            recipients=("ana@example.com",),
            details=Details(mailed_code=True),
            views=100,
        )
    )
    link = sent.links[0].token
    for reader in range(CODES_MOST + 5):
        ask(house, link)
        code = settled_letter_of(house, sent).code
        assert read(house, link, code, reader) == "the safe"
        with pytest.raises(CodeRequired):  # it was spent with the view
            read(house, link, code, reader + 1_000)
        clock.forward(PAUSE_SECONDS * SECOND)
    for _ in range(CODES_MOST):
        ask(house, link)
        clock.forward(PAUSE_SECONDS * SECOND)

    with pytest.raises(CodesUsedUp):
        ask(house, link)


def test_a_code_is_known_again_at_its_own_link_alone(ring):
    one, other = (macs(ring, link_id, "012345") for link_id in (b"a" * 16, b"b" * 16))

    assert one == macs(ring, b"a" * 16, "012345")
    assert one != other


def test_a_code_outlives_a_new_root_key(house, sent, connection, ring, clock):
    link = sent.links[0].token
    ask(house, link)
    code = letter_of(house, sent).code
    old = base64.urlsafe_b64encode(ring.newest).decode()
    newer = wiring.assemble(MAILS, Keyring.parse(f"{new_key()},{old}"), connection, now=clock.now)

    assert read(newer, link, code) == "the safe"


def test_addresses_that_come_into_one_mailbox_are_counted_as_one():
    ring = Keyring.parse(new_key())
    counted = [
        address_id(ring, its) for its in ("ana@x.example", "Ana+1@x.example", "ana+b+c@X.example")
    ]

    dotted = [
        address_id(ring, f"{its}l.com") for its in ("anat@gmai", "A.n.at+x@gmai", "ana.t@googlemai")
    ]

    assert len(set(counted)) == len(set(dotted)) == 1
    assert address_id(ring, "an.a@x.example") not in counted
    assert address_id(ring, "anab@x.example") not in counted
    assert address_id(ring, "ana@y.example") not in counted
