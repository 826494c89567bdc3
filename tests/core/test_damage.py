"""What does not open: spoilt, exchanged or missing things in the store, and stolen ones."""

from __future__ import annotations

import pytest

from restante.details import Details
from restante.errors import (
    Damaged,
    Gone,
    PassphraseWrong,
    Unavailable,
)
from restante.messages import Draft, Evidence
from restante.store import keys
from restante.store.keys import TAGS
from tests.conftest import happened, read, reader_key

EVIDENCE = Evidence("192.0.2.0/24", "Firefox", "Windows")
FAILED_MOST = 100


def key_of(sent, kind, rest=b""):
    ident = sent.message_id if kind in {"message", "content", "events"} else sent.links[0].link_id
    return b"{%b}:%b:%b%b" % (TAGS[sent.control.shard].encode(), kind.encode(), ident, rest)


@pytest.mark.parametrize("spoiled", ["content", "key"])
def test_what_does_not_open_is_damaged_and_the_timeline_says_so(house, raw, spoiled):
    sent = house.sending.send(Draft("x"))
    key = key_of(sent, spoiled, b":1" if spoiled == "content" else b"")
    kept = raw.get(key)
    raw.set(key, kept[:-1] + bytes([kept[-1] ^ 1]), keepttl=True)
    with pytest.raises(Damaged):
        house.reading.reveal(sent.links[0].token, reader_key(), None, visitor="", evidence=EVIDENCE)

    assert happened(house, sent) == ["message.sent", "link.revealed", "link.failed"]
    failed = house.managing.status(sent.control).events[-1]
    assert failed.evidence == EVIDENCE.as_dict()
    raw.set(key, kept, keepttl=True)
    assert read(house, sent.links[0].token) == "x"


def test_a_failure_whose_reply_was_lost_is_recorded_once(house, connection):
    """The way to the store asks again with what it asked before."""
    sent = house.sending.send(Draft("x"))
    for request in (b"1" * 16, b"1" * 16, b"2" * 16):
        connection.run("fail", keys.link(sent.links[0].token), "", b"", request)

    assert happened(house, sent) == ["message.sent", "link.failed", "link.failed"]


def test_a_reader_who_comes_again_and_again_fills_no_timeline_with_failures(house, raw, connection):
    """Within its lease it may, and each time the content does not open."""
    sent = house.sending.send(Draft("x"))
    for number in range(FAILED_MOST + 5):
        request = number.to_bytes(16)
        connection.run("fail", keys.link(sent.links[0].token), "", b"", request)
    failures = raw.hget(key_of(sent, "link"), "failures")

    assert happened(house, sent) == ["message.sent"] + ["link.failed"] * FAILED_MOST
    assert int(failures) == FAILED_MOST + 5


def test_a_content_put_behind_another_message_s_link_does_not_open(house, raw):
    one, other = (house.sending.send(Draft("x")) for _ in range(2))
    raw.set(key_of(one, "content", b":1"), raw.get(key_of(other, "content", b":1")), keepttl=True)

    with pytest.raises(Damaged):
        read(house, one.links[0].token)


def test_a_key_that_is_missing_is_an_expiry_whatever_the_state_says(house, raw):
    """The wrapped key's presence is the truth."""
    sent = house.sending.send(Draft("x"))
    raw.delete(key_of(sent, "key"))

    with pytest.raises(Gone) as caught:
        read(house, sent.links[0].token)
    assert caught.value.state == "expired"
    assert [str(v.outcome) for v in house.managing.recall(sent.control)] == ["already_expired"]


def test_a_content_that_is_missing_spends_nothing(house, raw):
    sent = house.sending.send(Draft("x", passphrase="p"))
    raw.delete(key_of(sent, "content", b":1"))
    for passphrase in ("p", "wrong"):
        with pytest.raises(Unavailable):
            read(house, sent.links[0].token, 1, passphrase)

    assert happened(house, sent) == ["message.sent"]


def test_a_copy_of_the_store_alone_opens_no_message(house, raw):
    """Somebody with a copy of the store has every key, and not one token, reader key or word."""
    draft = Draft("the safe is behind the Vermeer", recipients=("Anastasia",),
                  details=Details(sender_name="Zacharias", subject="Subjectively"),
                  passphrase="open sesame", views=2)  # fmt: skip
    sent = house.sending.send(draft, cookie="a-cookie-of-mine", evidence=EVIDENCE)
    link = sent.links[0].token
    house.reading.preview(link, [reader_key()], visitor="browser", evidence=EVIDENCE)
    with pytest.raises(PassphraseWrong):
        read(house, link, 1, "wrong sesame")
    house.reading.reveal(link, reader_key(), "open sesame", visitor="browser", evidence=EVIDENCE)
    house.managing.recall(sent.control, reason="a reason of mine", evidence=EVIDENCE)
    whole = b""
    for key in raw.scan_iter(b"{" + TAGS[link.shard].encode() + b"}:*", count=10_000):
        dumped = raw.type(key)
        read_all = {
            b"hash": lambda k: [x for pair in raw.hgetall(k).items() for x in pair],
            b"list": lambda k: raw.lrange(k, 0, -1),
            b"string": lambda k: [raw.get(k)],
            b"zset": lambda k: raw.zrange(k, 0, -1),
        }[dumped.encode() if isinstance(dumped, str) else dumped]
        whole += b"\n".join([key, *read_all(key)])

    secrets = [
        draft.text, "Anastasia", "Zacharias", "Subjectively", "sesame", "a-cookie-of-mine",
        "192.0.2", "Firefox", "Windows", "a reason of mine", reader_key().value,
        str(link), str(sent.control),
        link.secret.hex(), sent.control.secret.hex(),
    ]  # fmt: skip
    assert link.link_id in whole
    for secret in [*(s.encode() for s in secrets), link.secret, sent.control.secret]:
        assert secret not in whole
