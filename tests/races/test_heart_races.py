"""Many at once, over the real store: one reader per view, and no verdict that a reader belies."""

# ruff: noqa: B023 (a crowd is done with a round's names before the next round begins)

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest

from restante.errors import Gone, NotFound, PassphraseWrong
from restante.messages import Draft, Outcome
from tests.conftest import read, reader_key

if TYPE_CHECKING:
    from collections.abc import Callable

READERS = 16
ROUNDS = 300


class Crowd:
    """Threads that all begin at the same moment."""

    def __init__(self, size: int) -> None:
        self._pool = ThreadPoolExecutor(size)

    def do(self, deeds: list[Callable[[], Any]]) -> list[Any]:
        """Do all at once; return what each answered, an end of the link as None."""
        start = Barrier(len(deeds))

        def one(deed):
            start.wait()
            try:
                return deed()
            except Gone:
                return None

        return [future.result() for future in [self._pool.submit(one, deed) for deed in deeds]]

    def close(self) -> None:
        self._pool.shutdown()


@pytest.fixture
def crowd():
    crowd = Crowd(READERS)
    yield crowd
    crowd.close()


@pytest.mark.parametrize("views", [1, 2, 7])
def test_of_many_readers_at_once_exactly_as_many_as_there_are_views_get_the_content(
    house, crowd, views
):
    for _ in range(10):
        sent = house.sending.send(Draft("the safe is behind the Vermeer", views=views))
        link = sent.links[0].token
        texts = crowd.do([lambda n=n: read(house, link, n) for n in range(READERS)])

        assert [text for text in texts if text] == ["the safe is behind the Vermeer"] * views
        status = house.managing.status(sent.control)
        assert (status.links[0].reveals, status.links[0].state) == (views, "spent")
        revealed = [e.facts["view"] for e in status.events if e.type == "link.revealed"]
        assert revealed == list(range(1, views + 1))
        # Who got it gets it again, and nobody else does.
        again = crowd.do([lambda n=n: read(house, link, n) for n in range(READERS)])
        assert again == texts


def test_retries_acknowledgements_and_looks_in_between_spend_nothing(house, crowd):
    for _ in range(10):
        sent = house.sending.send(Draft("x", views=2))
        link = sent.links[0].token

        def acknowledge(n, link=link):
            try:
                house.answering.acknowledge(link, reader_key(n), keep=True)
            except NotFound:
                return

        def look(link=link):
            house.reading.preview(link, [reader_key(1)], visitor="scanner")

        deeds = [lambda n=n: read(house, link, n) for n in range(5) for _ in range(2)]
        answers = crowd.do(deeds + [lambda n=n: acknowledge(n) for n in range(3)] + [look] * 3)
        got = {n for n in range(5) if answers[2 * n] or answers[2 * n + 1]}

        assert len(got) == 2
        assert house.managing.status(sent.control).links[0].reveals == 2
        for n in got:
            assert read(house, link, n) == "x"


def test_one_reader_who_asks_many_times_at_once_spends_one_view(house, crowd):
    for _ in range(10):
        sent = house.sending.send(Draft("x", views=3))
        link = sent.links[0].token
        texts = crowd.do([lambda: read(house, link, 1)] * READERS)

        assert texts == ["x"] * READERS
        assert house.managing.status(sent.control).links[0].reveals == 1


def test_a_recall_says_unread_if_and_only_if_nobody_read(house, crowd):
    seen = set()
    for _ in range(ROUNDS):
        sent = house.sending.send(Draft("x"))
        link = sent.links[0].token
        *texts, verdicts = crowd.do(
            [lambda n=n: read(house, link, n) for n in range(2)]
            + [lambda: house.managing.recall(sent.control)]
        )
        (verdict,) = verdicts
        seen.add(verdict.outcome)
        events = [event.type for event in house.managing.status(sent.control).events]

        assert (verdict.outcome is Outcome.RECALLED_UNREAD) == (texts == [None, None])
        assert verdict.reveals == sum(text is not None for text in texts)
        assert events == [
            "message.sent", *["link.revealed"] * verdict.reveals, "link.recalled",
        ]  # fmt: skip
        for n in range(3):
            with pytest.raises(Gone):
                read(house, link, n)
    assert seen == {Outcome.RECALLED_UNREAD, Outcome.ALREADY_SPENT}


def test_recalls_at_once_give_one_verdict(house, crowd):
    for _ in range(20):
        sent = house.sending.send(Draft("x", recipients=("Ana", "Bob")))
        given = crowd.do([lambda: house.managing.recall(sent.control)] * 8)

        assert all(verdicts == given[0] for verdicts in given)
        events = [event.type for event in house.managing.status(sent.control).events]
        assert events == ["message.sent", "link.recalled", "link.recalled"]


@pytest.mark.parametrize("passphrases", [False, True])
def test_what_a_reader_gets_while_it_is_replaced_is_one_whole_version(house, crowd, passphrases):
    """And each reader that spent a view has the content, then and in a second fetch."""
    seen = set()
    for turn in range(8 if passphrases else 100):
        passphrase = "p" if passphrases else None
        sent = house.sending.send(
            Draft("text 1", recipients=("Ana", "Bob"), views=2, passphrase=passphrase)
        )
        ana, bob = (link.token for link in sent.links)

        def put(text, sent=sent, passphrase=passphrase):
            version, links = house.sending.replace(sent.control, text, passphrase=passphrase)
            return version, [one.outcome for one in links]

        def look(link, reader, passphrase=passphrase, late=turn % 4 / 1_000):
            time.sleep(late)  # or on some machines the readers are always first
            return read(house, link, reader, passphrase)

        first, second, other, replaced, _ = crowd.do(
            [
                lambda: look(ana, 1),
                lambda: look(ana, 2),
                lambda: look(bob, 3),
                lambda: put("text A"),
                lambda: put("text B"),
            ]
        )
        seen |= {first, other}

        assert first == second
        assert {first, other} <= {"text 1", "text A", "text B"}
        assert (first == "text 1") <= (
            "already_spent" in str(replaced) or "already_read" in str(replaced)
        )
        assert [read(house, ana, n, passphrase) for n in (1, 2)] == [first, second]
        assert read(house, bob, 3, passphrase) == other
        assert read(house, bob, 4, passphrase) == other
        status = house.managing.status(sent.control)
        assert [link.reveals for link in status.links] == [2, 2]
        assert not any(event.type == "link.failed" for event in status.events)
    assert len(seen) > 1


def test_a_replace_during_a_read_never_returns_a_text_for_the_wrong_passphrase(house, crowd):
    for _ in range(10):
        sent = house.sending.send(Draft("old text", passphrase="old"))
        link = sent.links[0].token

        def old(link=link):
            try:
                return read(house, link, 1, "old")
            except PassphraseWrong:
                return "wrong"

        text, _ = crowd.do(
            [old, lambda: house.sending.replace(sent.control, "new text", passphrase="new")]
        )

        assert text in {"old text", "wrong"}
        if text == "wrong":
            assert read(house, link, 2, "new") == "new text"


def test_a_passphrase_added_during_a_read_is_asked_only_of_readers_who_gave_none(house, crowd):
    """A reader who gave the right one is never told to give one."""
    for _ in range(10):
        sent = house.sending.send(Draft("old text"))
        link = sent.links[0].token
        text, _ = crowd.do(
            [
                lambda: read(house, link, 1, "new"),
                lambda: house.sending.replace(sent.control, "new text", passphrase="new"),
            ]
        )

        assert text in {"old text", "new text"}


def test_an_extend_that_crosses_a_reader_leaves_the_view_as_it_was_told(house, crowd):
    for _ in range(30):
        sent = house.sending.send(Draft("x", views=2))
        link = sent.links[0].token
        text, expires_at, _ = crowd.do(
            [
                lambda: read(house, link, 1),
                lambda: house.managing.extend(sent.control, 60),
                lambda: house.reading.preview(link, [reader_key(1)], visitor=""),
            ]
        )
        gate = house.reading.preview(link, [reader_key(1)], visitor="")

        assert text == read(house, link, 1) == "x"
        assert gate.lease_until <= gate.expires_at == expires_at
