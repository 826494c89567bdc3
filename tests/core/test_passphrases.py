"""Passphrases: tries, locks, and deeds that cross each other."""

from __future__ import annotations

import time
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restante import wiring
from restante.crypto import envelope, keyring
from restante.crypto.envelope import LinkKeys
from restante.crypto.keyring import Keyring
from restante.crypto.passphrases import spelled
from restante.crypto.tokens import ControlToken
from restante.errors import (
    Gone,
    Invalid,
    NotFound,
    PassphraseRequired,
    PassphraseWrong,
)
from restante.messages import Draft
from restante.settings import Settings
from restante.store.keys import TAGS
from tests.conftest import happened, kept_of, read, reader_key


def look(house, link, *readers):
    return house.reading.preview(link, [reader_key(r) for r in readers], visitor="browser")


def test_nine_wrong_passphrases_burn_nothing(house):
    sent = house.sending.send(Draft("x", passphrase="right"))
    link = sent.links[0].token
    left = []
    for _ in range(9):
        with pytest.raises(PassphraseWrong) as caught:
            read(house, link, 1, "wrong")
        left.append(caught.value.tries_left)

    assert left == list(range(9, 0, -1))
    assert read(house, link, 1, "right") == "x"
    wrong = [e for e in house.managing.status(sent.control).events if "wrong" in e.type]
    assert [event.facts["tries_left"] for event in wrong] == left


def test_the_tenth_wrong_passphrase_locks_and_the_right_one_is_gone_then(house, raw):
    sent = house.sending.send(Draft("x", passphrase="right", recipients=("Ana", "Bob")))
    link = sent.links[0].token
    for _ in range(9):
        with pytest.raises(PassphraseWrong):
            read(house, link, 1, "wrong")
    for passphrase in ("wrong", "right", "wrong", None):
        with pytest.raises(Gone) as caught:
            read(house, link, 1, passphrase)
        assert caught.value.state == "locked"

    assert b"key:" + link.link_id not in kept_of(raw, sent)
    assert happened(house, sent) == ["message.sent", *["link.passphrase_wrong"] * 9, "link.locked"]
    assert house.managing.status(sent.control).links[0].ended_at is not None
    assert read(house, sent.links[1].token, 1, "right") == "x"


def test_a_lock_leaves_a_reader_its_lease_and_then_the_key_goes(turned_house, clock, raw):
    house = turned_house
    sent = house.sending.send(Draft("x", passphrase="right", views=3))
    link = sent.links[0].token
    assert read(house, link, 1, "right") == "x"
    lock(house, link, 2)
    clock.forward(119_999)
    again = house.reading.reveal(link, reader_key(1), "right", visitor="browser")

    assert (again.text, again.state, again.views_left) == ("x", "locked", 0)
    for reader in (2, 3):
        with pytest.raises(Gone):
            read(house, link, reader, "right")
    assert any(key.startswith(b"key:") for key in kept_of(raw, sent))
    clock.forward(1)
    with pytest.raises(Gone):
        read(house, link, 1, "right")
    house.timekeeping.catch_up()
    assert not any(key.startswith((b"key:", b"content:")) for key in kept_of(raw, sent))


@pytest.mark.parametrize("end", ["acknowledged", "recalled", "nobody reads"])
def test_a_locked_link_has_no_key_once_no_lease_is_open(turned_house, raw, end):
    house = turned_house
    sent = house.sending.send(Draft("x", passphrase="right", views=3))
    link = sent.links[0].token
    if end != "nobody reads":
        read(house, link, 1, "right")
    lock(house, link, 2)
    if end == "acknowledged":
        house.answering.acknowledge(link, reader_key(1), keep=False)
    elif end == "recalled":
        verdict = house.managing.recall(sent.control)[0]
        assert (verdict.outcome, verdict.reveals) == ("already_locked", 1)

    assert not any(key.startswith((b"key:", b"content:")) for key in kept_of(raw, sent))
    with pytest.raises(Gone):
        read(house, link, 1, "right")


def lock(house, link, reader):
    """Use up the tries."""
    with suppress(Gone):
        while True:
            with suppress(PassphraseWrong):
                read(house, link, reader, "wrong")


def test_of_many_guesses_at_once_no_more_than_ten_are_judged(house):
    sent = house.sending.send(Draft("x", passphrase="right"))

    def guess(n):
        try:
            return read(house, sent.links[0].token, n, f"wrong {n}")
        except (PassphraseWrong, Gone) as answer:
            return type(answer).__name__

    with ThreadPoolExecutor(8) as guessers:
        answers = list(guessers.map(guess, range(16)))

    assert answers.count("PassphraseWrong") == 9
    assert answers.count("Gone") == 7
    assert happened(house, sent).count("link.locked") == 1


def test_without_its_passphrase_a_message_says_so_and_no_try_is_spent(house):
    link = house.sending.send(Draft("x", passphrase="right")).links[0].token
    for _ in range(20):
        with pytest.raises(PassphraseRequired):
            read(house, link)

    assert look(house, link).tries_left == 10


def test_a_second_fetch_asks_for_the_passphrase_too_and_spends_no_try(house):
    link = house.sending.send(Draft("x", passphrase="right", views=2)).links[0].token
    read(house, link, 1, "right")
    with pytest.raises(PassphraseRequired):
        read(house, link, 1)
    for _ in range(12):
        with pytest.raises(PassphraseWrong) as caught:
            read(house, link, 1, "wrong")
        assert caught.value.tries_left == 10

    assert read(house, link, 1, "right") == "x"


SPELLINGS = [
    ("Zo\u00eb", "Zoe\u0308"),
    ("Zo\u00eb", " Zo\u00eb\u00a0\n"),
    ("orange boat", "orange\u00a0\u2003boat"),
    ('it\'s "so" - yes', "it\u2019s \u201cso\u201d \u2013 yes"),
    ("wind--mill", "wind\u2014mill"),
    ("office 42", "o\ufb03ce \uff14\uff12"),
    ("abc", "a\u200bb\ufeffc\u200e"),
    ("\u30ab\u30d0\u30f3", "\uff76\uff8a\uff9e\uff9d"),
]
"""What keyboards, mail programs and word processors make of one passphrase."""


@pytest.mark.parametrize(("one", "other"), SPELLINGS, ids=ascii)
def test_a_passphrase_is_the_same_in_each_of_its_spellings(house, one, other):
    for chosen, typed in ((one, other), (other, one)):
        link = house.sending.send(Draft("x", passphrase=chosen)).links[0].token

        assert read(house, link, 1, typed) == "x"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("boat", "Boat"),
        ("orange boat", "orangeboat"),
        ("a-b", "ab"),
        ("1", "\u0661"),
        ("e", "\u00e9"),
    ],
    ids=ascii,
)
def test_case_accents_and_blanks_between_words_make_another_passphrase(house, one, other):
    link = house.sending.send(Draft("x", passphrase=one)).links[0].token

    with pytest.raises(PassphraseWrong):
        read(house, link, 1, other)


@given(st.text(max_size=60))
def test_a_spelling_is_its_own_spelling(passphrase):
    once = spelled(passphrase)

    assert spelled(once) == once == once.strip()


@pytest.mark.parametrize(
    "nothing", [" ", "\u00a0\u3000", "\n\t", "\u200b", "\u2800\u3164"], ids=ascii
)
def test_a_passphrase_that_shows_nothing_is_none_and_nothing_is_lost(house, nothing):
    with pytest.raises(Invalid) as chosen:
        house.sending.send(Draft("x", passphrase=nothing))
    link = house.sending.send(Draft("x", passphrase="right")).links[0].token
    with pytest.raises(Invalid) as given:
        read(house, link, 1, nothing)

    assert [fault.field for e in (chosen, given) for fault in e.value.faults] == ["passphrase"] * 2
    assert look(house, link).tries_left == 10


def sealed_before(house, raw, ring, passphrase):
    """Return a link as it was sealed when passphrases were kept as they were given."""
    sent = house.sending.send(Draft("x", passphrase="right"))
    link = sent.links[0].token
    tag = TAGS[link.shard].encode()
    place = {"message_id": sent.message_id, "link_id": link.link_id, "version": 1}

    def keys(its):
        return LinkKeys.derive(ring.newest, link, envelope.stretch(its, sent.message_id))

    key = b"{%b}:key:%b" % (tag, link.link_id)
    content_key = envelope.unwrap_key(raw.get(key), keys=keys("right"), **place)
    old = keys(passphrase)
    raw.set(key, envelope.wrap_key(content_key, keys=old, **place), keepttl=True)
    raw.hset(b"{%b}:link:%b" % (tag, link.link_id), "verifier", old.verifier)
    return link


@pytest.mark.parametrize("passphrase", [" Zo\u00eb ", "  ", "it\u2019s", "o\ufb03ce"], ids=ascii)
def test_what_was_sealed_before_opens_as_it_was_given(house, raw, ring, passphrase):
    link = sealed_before(house, raw, ring, passphrase)
    with pytest.raises((PassphraseWrong, Invalid)):
        read(house, link, 1, spelled(passphrase))

    assert read(house, link, 1, unicodedata.normalize("NFD", passphrase)) == "x"


def test_a_replace_by_another_form_between_salt_and_reveal_costs_no_try(
    house, connection, raw, ring
):
    link = sealed_before(house, raw, ring, "right")
    key = b"{%b}:link:%b" % (TAGS[link.shard].encode(), link.link_id)
    old = raw.hget(key, "verifier")
    words = (b"", b"r" * 16, b"".join(ring.ids))
    newer = (b"\x02" + old, ring.newest_id, "browser", b"", 0, b"", b"q" * 16)
    reply = connection.run("reveal", key, *words, *newer)

    assert reply == [b"changed"]
    assert look(house, link).tries_left == 10


@pytest.mark.parametrize("passphrase", ["", "p" * 257, "a\ud800"])
def test_a_passphrase_nobody_could_have_chosen_is_invalid_and_spends_no_try(house, passphrase):
    link = house.sending.send(Draft("x", passphrase="right")).links[0].token
    with pytest.raises(Invalid) as caught:
        read(house, link, 1, passphrase)

    assert [fault.field for fault in caught.value.faults] == ["passphrase"]
    assert look(house, link).tries_left == 10


def test_a_passphrase_where_none_is_asked_does_no_harm(house):
    link = house.sending.send(Draft("x")).links[0].token

    assert read(house, link, 1, "anything") == "x"


def test_nobody_s_processor_is_spent_on_a_link_that_ended_or_is_unknown(connection, ring):
    """Argon2 is the one thing here that costs time."""
    stretched = []

    def noted(function, *arguments):
        stretched.append(function.__name__)
        return function(*arguments)

    house = wiring.assemble(Settings(), ring, connection, offload=noted)
    sent = house.sending.send(Draft("x", passphrase="p", recipients=("Ana", "Bob")))
    read(house, sent.links[0].token, 1, "p")
    house.answering.acknowledge(sent.links[0].token, reader_key(1), keep=False)
    house.managing.recall(sent.control)
    open_one = house.sending.send(Draft("x"))
    stretched.clear()
    for link in (sent.links[0], sent.links[1]):
        with pytest.raises(Gone):
            read(house, link.token, 2, "p")
    with pytest.raises(NotFound):
        read(house, ControlToken.new().link(0), 2, "p")
    read(house, open_one.links[0].token, 2, "p")

    assert stretched == []


def crossing(connection, ring, at_call, deed):
    """A house in which *deed* happens just before its script number *at_call* is sent."""
    calls = count(1)

    def now():
        if next(calls) == at_call:
            deed()
        return int(time.time() * 1000)

    return wiring.assemble(Settings(), ring, connection, now=now)


def test_a_replace_during_a_read_does_not_ask_again_for_a_passphrase_that_was_given(
    house, connection, ring
):
    sent = house.sending.send(Draft("old"))
    crossed = crossing(
        connection, ring, 2, lambda: house.sending.replace(sent.control, "new", passphrase="p")
    )

    assert read(crossed, sent.links[0].token, 1, "p") == "new"


def test_a_concurrent_replace_under_another_root_key_costs_no_try(house, connection, ring):
    both = Keyring([Keyring.parse(keyring.new_key()).newest, ring.newest])
    newer = wiring.assemble(Settings(), both, connection)
    sent = house.sending.send(Draft("old", passphrase="p"))
    link = sent.links[0].token
    crossed = crossing(
        connection, both, 2, lambda: newer.sending.replace(sent.control, "new", passphrase="p")
    )

    assert read(crossed, link, 1, "p") == "new"
    assert happened(newer, sent) == [
        "message.sent",
        "message.replaced",
        "link.replaced",
        "link.revealed",
    ]


def test_a_replace_notices_a_concurrent_recall_replace_or_read(house, connection, ring):
    sent = house.sending.send(Draft("one", recipients=("Ana", "Bob", "Cid")))
    ana, bob, cid = sent.links

    def cross():
        house.sending.replace(sent.control, "two")
        house.managing.recall(sent.control, [ana.link_id])
        read(house, bob.token)

    version, outcomes = crossing(connection, ring, 1, cross).sending.replace(sent.control, "three")

    assert (version, [one.outcome for one in outcomes]) == (
        3, ["already_recalled", "already_spent", "replaced"],
    )  # fmt: skip
    assert (read(house, bob.token), read(house, cid.token)) == ("two", "three")
