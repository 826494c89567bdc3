"""Replacing what nobody has read."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from restante.errors import (
    Held,
    Invalid,
    PassphraseRequired,
    PassphraseWrong,
    TooLarge,
    Unavailable,
)
from restante.messages import Draft, Evidence
from restante.store.keys import TAGS
from tests.conftest import check_times, happened, kept_of, read

EVIDENCE = Evidence("192.0.2.0/24", "Firefox", "Windows")


def test_a_replace_changes_what_nobody_has_read_and_nothing_else(house, raw):
    sent = house.sending.send(Draft("one", recipients=("Ana", "Bob", "Cid", "Dot"), views=2))
    ana, bob, cid, dot = (link.token for link in sent.links)
    read(house, ana)
    read(house, bob, 1)
    read(house, bob, 2)
    house.managing.recall(sent.control, [cid.link_id])
    version, replaced = house.sending.replace(sent.control, "two", evidence=EVIDENCE)

    assert version == 2
    assert [(r.link_id, r.outcome) for r in replaced] == [
        (ana.link_id, "already_read"),
        (bob.link_id, "already_spent"),
        (cid.link_id, "already_recalled"),
        (dot.link_id, "replaced"),
    ]
    check_times(raw, sent)
    assert read(house, ana, 1) == read(house, ana, 2) == read(house, bob, 1) == "one"
    assert read(house, dot) == "two"
    status = house.managing.status(sent.control)
    assert status.version == 2
    events = [event for event in status.events if "replaced" in event.type]
    assert [(e.type, e.link_id, e.facts) for e in events] == [
        ("message.replaced", None, {"version": 2}),
        ("link.replaced", dot.link_id, {"version": 2}),
    ]
    assert events[0].evidence == EVIDENCE.as_dict()


def test_a_version_nobody_can_open_is_destroyed(house, raw):
    sent = house.sending.send(Draft("one"))
    house.sending.replace(sent.control, "two")
    house.sending.replace(sent.control, "three")

    contents = [key for key in kept_of(raw, sent) if key.startswith(b"content:")]
    assert contents == [b"content:" + sent.message_id + b":3"]
    assert read(house, sent.links[0].token) == "three"


def test_when_nothing_is_left_to_replace_the_version_stays(house, raw):
    sent = house.sending.send(Draft("one"))
    read(house, sent.links[0].token)
    version, replaced = house.sending.replace(sent.control, "two")

    assert (version, replaced[0].outcome) == (1, "already_spent")
    assert happened(house, sent) == ["message.sent", "link.revealed"]
    assert read(house, sent.links[0].token) == "one"


def test_a_message_with_a_passphrase_is_not_replaced_without_one(house):
    sent = house.sending.send(Draft("one", passphrase="p"))
    with pytest.raises(Invalid) as caught:
        house.sending.replace(sent.control, "two")

    assert [fault.field for fault in caught.value.faults] == ["passphrase"]
    assert read(house, sent.links[0].token, 1, "p") == "one"


def test_a_new_passphrase_takes_the_old_one_s_place_with_all_its_tries(house):
    sent = house.sending.send(Draft("one", passphrase="old"))
    link = sent.links[0].token
    for _ in range(3):
        with pytest.raises(PassphraseWrong):
            read(house, link, 1, "wrong")
    house.sending.replace(sent.control, "two", passphrase="new")

    with pytest.raises(PassphraseWrong) as caught:
        read(house, link, 1, "old")
    assert caught.value.tries_left == 9
    assert read(house, link, 1, "new") == "two"


def test_a_passphrase_that_a_replace_brought_stays_required(house):
    sent = house.sending.send(Draft("one", recipients=("Ana", "Bob")))
    read(house, sent.links[0].token)
    house.sending.replace(sent.control, "two", passphrase="p")

    assert house.managing.status(sent.control).needs_passphrase
    with pytest.raises(PassphraseRequired):
        read(house, sent.links[1].token)
    with pytest.raises(Invalid):
        house.sending.replace(sent.control, "three")
    assert read(house, sent.links[1].token, 1, "p") == "two"


def test_what_cannot_replace_a_text_leaves_it(house):
    sent = house.sending.send(Draft("one"))
    for text, passphrase in (("", None), ("a\ud800", None), ("x", ""), ("x", "p" * 257)):
        with pytest.raises(Invalid):
            house.sending.replace(sent.control, text, passphrase=passphrase)
    with pytest.raises(TooLarge):
        house.sending.replace(sent.control, "x" * (2**20 + 1))

    assert read(house, sent.links[0].token) == "one"


def test_concurrent_replaces_each_make_a_version(house):
    sent = house.sending.send(Draft("text 1"))
    start = Barrier(4)

    def put(number):
        start.wait()
        try:
            return house.sending.replace(sent.control, f"text by {number}")[0], f"text by {number}"
        except Unavailable:
            return None

    with ThreadPoolExecutor(4) as senders:
        made = dict(filter(None, senders.map(put, range(4))))

    status = house.managing.status(sent.control)
    assert sorted(made) == list(range(2, 2 + len(made)))
    assert len(made) >= 2
    assert status.version == max(made)
    assert read(house, sent.links[0].token) == made[max(made)]


def test_the_same_replace_asked_again_gives_the_same_answer(turned_house, clock, connection, raw):
    """What a repeated script does when the first reply was lost."""
    sent = turned_house.sending.send(Draft("one", recipients=("Ana", "Bob")))
    read(turned_house, sent.links[0].token)
    key = b"{%b}:message:%b" % (TAGS[sent.control.shard].encode(), sent.message_id)
    words = (
        clock.now(),
        2,
        b"content",
        b"root",
        "",
        "",
        "",
        "",
        "",
        "",
        b"k" * 65,
        "",
        b"l" * 65,
        "",
    )
    replies = [connection.run("replace", key, *words) for _ in range(3)]

    assert replies[0] == replies[1] == replies[2]
    assert [outcome for _, outcome in replies[0][2:]] == [b"already_read", b"replaced"] or (
        [outcome for _, outcome in replies[0][2:]] == [b"already_spent", b"replaced"]
    )
    assert happened(turned_house, sent).count("message.replaced") == 1
    assert connection.run("replace", key, clock.now(), 2, b"other", *words[3:]) == [b"changed"]


def test_what_is_replaced_while_held_opens_at_its_time(turned_house, clock, raw):
    sent = turned_house.sending.send(Draft("one", hold_seconds=60))
    turned_house.sending.replace(sent.control, "two")
    check_times(raw, sent)
    with pytest.raises(Held):
        read(turned_house, sent.links[0].token)
    clock.forward(60_000)

    assert read(turned_house, sent.links[0].token) == "two"


def test_what_is_replaced_after_an_extend_lives_as_long_as_the_extend_said(
    turned_house, clock, raw
):
    sent = turned_house.sending.send(Draft("one", expires_in_seconds=60))
    expires_at = turned_house.managing.extend(sent.control, 3600)
    turned_house.sending.replace(sent.control, "two")

    kept = kept_of(raw, sent)
    assert kept[b"content:" + sent.message_id + b":2"] == expires_at
    assert kept[b"key:" + sent.links[0].link_id] == expires_at
    check_times(raw, sent)
