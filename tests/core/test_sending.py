"""Sending, and the status of what was sent."""

from __future__ import annotations

import pytest

from restante import wiring
from restante.crypto.tokens import ControlToken, LinkToken, ListToken
from restante.details import Details
from restante.errors import (
    Fault,
    Invalid,
    NotFound,
    TooLarge,
)
from restante.messages import Draft, Evidence, State
from restante.settings import DAY, Settings
from restante.store.keys import TAGS
from tests.conftest import check_times, kept_of, read, reader_key

EVIDENCE = Evidence("192.0.2.0/24", "Firefox", "Windows")


def states(house, sent):
    return [str(link.state) for link in house.managing.status(sent.control).links]


def test_a_message_is_sent_to_each_recipient_by_a_link_of_their_own(turned_house, clock):
    sent = turned_house.sending.send(Draft("hello", recipients=("Ana", "Bob", "Ana")))

    assert [link.recipient for link in sent.links] == ["Ana", "Bob", "Ana"]
    assert len({link.token.secret for link in sent.links}) == 3
    assert [link.token for link in sent.links] == [sent.control.link(i) for i in range(3)]
    assert {link.state for link in sent.links} == {State.SEALED}
    assert sent.sent_at == sent.opens_at == clock.now()
    assert sent.expires_at == clock.now() + 7 * DAY * 1000
    assert [read(turned_house, link.token) for link in sent.links] == ["hello"] * 3


def test_without_recipients_there_is_one_link_without_a_label(house):
    sent = house.sending.send(Draft("hello"))

    assert [link.recipient for link in sent.links] == [None]
    assert house.managing.status(sent.control).links[0].recipient is None


def test_the_expiry_counts_from_the_opening(turned_house, clock):
    sent = turned_house.sending.send(Draft("x", hold_seconds=30, expires_in_seconds=60))

    assert (sent.opens_at, sent.expires_at) == (clock.now() + 30_000, clock.now() + 90_000)
    assert sent.links[0].state is State.HELD


def test_the_status_tells_what_was_sent_and_to_whom(house):
    draft = Draft(
        "hello",
        recipients=("Zoe\u0308", "Bob"),
        views=3,
        passphrase="p",
        details=Details(sender_name="Ana", subject="S"),
    )
    sent = house.sending.send(draft, cookie="the cookie", evidence=EVIDENCE)
    status = house.managing.status(sent.control)

    assert status.message_id == sent.message_id
    assert status.details == Details(sender_name="Ana", subject="S")
    assert [link.recipient for link in status.links] == ["Zo\u00eb", "Bob"]
    assert [link.token for link in status.links] == [link.token for link in sent.links]
    assert (status.views, status.needs_passphrase, status.version) == (3, True, 1)
    assert (status.sent_at, status.expires_at) == (sent.sent_at, sent.expires_at)
    assert [link.views_left for link in status.links] == [3, 3]
    (event,) = status.events
    assert (event.number, event.type, event.at) == (1, "message.sent", sent.sent_at)
    assert event.facts == {"links": 2, "views": 3, "passphrase": True}
    assert event.evidence == EVIDENCE.as_dict()


def test_only_the_sender_s_own_cookie_is_the_sender_s(house):
    sent = house.sending.send(Draft("x"), cookie="mine")
    without = house.sending.send(Draft("x"))

    assert house.managing.status(sent.control, cookie="mine").from_sender
    for cookie in ("other", "", None):
        assert not house.managing.status(sent.control, cookie=cookie).from_sender
    assert not house.managing.status(without.control, cookie="mine").from_sender


def test_what_one_browser_sends_is_in_one_shard(house, connection, ring):
    browser, other = ListToken.new(), ListToken.new()
    off = wiring.assemble(Settings(sent_list=False), ring, connection)

    def shards(house, cookie):
        return {house.sending.send(Draft("x"), cookie=cookie).control.shard for _ in range(12)}

    assert shards(house, browser.cookie) == {browser.shard}
    assert shards(house, other.cookie) == {other.shard}
    assert len(shards(house, None)) > 1
    assert len(shards(house, "a cookie that is no secret")) > 1
    assert len(shards(off, browser.cookie)) > 1


def test_what_cannot_be_sent_names_every_fault_and_keeps_nothing(house, raw):
    before = raw.dbsize()
    found = [Fault("notify", "there is no channel"), Fault("views", "must be a number")]
    with pytest.raises(Invalid) as caught:
        house.sending.check(Draft("", views=0, details=Details(subject="\n")), found)
    with pytest.raises(TooLarge):
        house.sending.send(Draft("x" * (2**20 + 1)))
    with pytest.raises(Invalid):
        house.sending.send(Draft("x", views=101))

    assert [fault.field for fault in caught.value.faults] == ["notify", "views", "text", "subject"]
    assert raw.dbsize() == before


def test_a_text_of_a_mebibyte_comes_back_byte_for_byte(house):
    text = "\N{WINKING FACE}\r\n\0\u202e" * 100
    text += "x" * (2**20 - len(text.encode()))
    sent = house.sending.send(Draft(text))

    assert read(house, sent.links[0].token) == text


def test_sending_the_same_message_again_changes_nothing(turned_house, clock, connection, raw):
    """What a repeated script does when the first reply was lost."""
    sent = turned_house.sending.send(Draft("once"))
    read(turned_house, sent.links[0].token)
    before = kept_of(raw, sent)
    clock.forward(5000)
    key = b"{%b}:message:%b" % (TAGS[sent.control.shard].encode(), sent.message_id)
    reply = connection.run(
        "send", key, clock.now(), 0, 60_000, 1000, 1000, 1, "", b"root", "", "", "", b"other",
        "", "", "", "", "", "", 0, 0, sent.links[0].link_id, b"wrapped", "", "",
    )  # fmt: skip

    assert reply == [b"sent", sent.sent_at, sent.opens_at, sent.expires_at, 0]
    assert kept_of(raw, sent) == before
    assert states(turned_house, sent) == ["spent"]


def test_nobody_has_a_control_page_for_a_message_that_was_never_sent(house):
    unknown = ControlToken.new()
    for ask in (
        lambda: house.managing.status(unknown),
        lambda: house.managing.recall(unknown),
        lambda: house.managing.recall(unknown, [bytes(16)]),
        lambda: house.sending.replace(unknown, "x"),
        lambda: house.managing.extend(unknown, 60),
    ):
        with pytest.raises(NotFound):
            ask()


def test_a_control_token_of_another_shard_finds_nothing(house):
    sent = house.sending.send(Draft("x"))
    elsewhere = ControlToken((sent.control.shard + 1) % 16, sent.control.secret)

    with pytest.raises(NotFound):
        house.managing.recall(elsewhere)
    assert read(house, sent.links[0].token) == "x"


def test_ids_may_have_any_bytes(house, raw):
    """Newlines, NULs, braces and colons in ids are bytes like others."""
    odd = set(b"\n\0{}:% ")
    seen: set[int] = set()
    while not odd <= seen:
        sent = house.sending.send(
            Draft("x", recipients=tuple("abcdefgh"), views=2, passphrase=None)
        )
        seen |= odd & set(sent.message_id)
        for link in sent.links:
            if not odd & set(link.link_id + sent.message_id):
                continue
            house.reading.preview(link.token, [reader_key()], visitor="browser", evidence=EVIDENCE)
            assert read(house, link.token) == "x"
            house.answering.acknowledge(link.token, reader_key(), keep=False)
        verdicts = house.managing.recall(sent.control, [link.link_id for link in sent.links])
        status = house.managing.status(sent.control)
        assert [v.link_id for v in verdicts] == [link.link_id for link in sent.links]
        assert {e.link_id for e in status.events} == {None, *(link.link_id for link in sent.links)}
        assert all(look.evidence == EVIDENCE.as_dict() for look in status.looks)
        check_times(raw, sent)


def test_a_link_token_of_another_shard_is_unknown(house):
    sent = house.sending.send(Draft("x"))
    token = sent.links[0].token

    with pytest.raises(NotFound):
        read(house, LinkToken((token.shard + 1) % 16, token.secret))
