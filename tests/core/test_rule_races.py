"""Rules that race: workers, senders and readers at the same moment."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier

import pytest

from restante import wiring
from restante.errors import Gone, Invalid, Unavailable
from restante.messages import Draft, Evidence, Page
from restante.rules import Rules
from restante.settings import Settings
from tests.conftest import happened, read

NEWEST = Page(most=500)
EVIDENCE = Evidence("192.0.2.0/24", "Firefox", "Windows")


def test_of_many_workers_one_carries_it_out(house, connection, ring):
    """By the store's own clock; a sender who recalls and readers come at the same time."""
    for _ in range(20):
        sent = house.sending.send(Draft("x", recipients=tuple("abcdef"), views=2))
        house.managing.set_rules(sent.control, Rules(60, 60))
        later = wiring.assemble(
            Settings(), ring, connection, now=lambda at=sent.sent_at: at + 120_000
        )
        start = Barrier(4)

        def turn(later=later, start=start, shard=sent.control.shard):
            start.wait()
            later.timekeeping.turn(shard)

        def recall(later=later, start=start, control=sent.control):
            start.wait()
            return later.managing.recall(control)

        with ThreadPoolExecutor(4) as pool:
            turns = [pool.submit(turn) for _ in range(3)]
            verdicts = pool.submit(recall).result()
            for one in turns:
                one.result()

        assert all(verdict.by_rule for verdict in verdicts)
        assert happened(house, sent).count("link.recalled") == 6


def test_of_many_workers_one_tells(house, connection, ring):
    for _ in range(20):
        sent = house.sending.send(Draft("x", recipients=tuple("abcdef"), views=2))
        read(house, sent.links[0].token)
        house.managing.set_rules(sent.control, Rules(tell_after=60))
        later = wiring.assemble(
            Settings(), ring, connection, now=lambda at=sent.sent_at: at + 120_000
        )
        start = Barrier(4)

        def turn(later=later, start=start, shard=sent.control.shard):
            start.wait()
            later.timekeeping.turn(shard)

        with ThreadPoolExecutor(4) as pool:
            for one in [pool.submit(turn) for _ in range(4)]:
                one.result()

        assert happened(house, sent).count("link.unread") == 5


def test_a_rule_holds_whatever_else_is_done_at_its_time(house):
    """Others pause, resume, extend and replace while it comes, by the store's own clock."""
    house = wiring.assemble(Settings(expiry_min=1), house.keyring, house.connection)
    managing = house.managing
    for number in range(2):
        draft = Draft("x", recipients=tuple("abcd"), rules=Rules(recall_after=1))
        sent = house.sending.send(draft)
        ends = time.monotonic() + 1.3

        def go_on(verbs, control=sent.control, ends=ends):
            while time.monotonic() < ends:
                for verb in verbs:
                    with suppress(Gone, Unavailable, Invalid):
                        verb(control)

        with ThreadPoolExecutor(3) as people:
            doing = [
                people.submit(go_on, (managing.pause, managing.resume)),
                people.submit(go_on, (lambda its: managing.extend(its, 600),)),
                people.submit(go_on, (lambda its: house.sending.replace(its, "y"),)),
            ]
            for one in doing:
                one.result()
        status = managing.status(sent.control)
        at = sent.opens_at + 1_000

        assert {(str(link.state), link.recalled_at) for link in status.links} == {("recalled", at)}
        recalls = [e.link_id for e in managing.status(sent.control, NEWEST).events
                   if e.type == "link.recalled"]  # fmt: skip
        assert sorted(recalls) == sorted(link.link_id for link in status.links), number
        for link in sent.links:
            with pytest.raises(Gone):
                read(house, link.token)


def test_a_reveal_that_races_a_rule_is_before_it_or_gets_nothing(house):
    """Readers press while the time passes, by the store's own clock: one order for all."""
    before, after = 0, 0
    house = wiring.assemble(Settings(expiry_min=1), house.keyring, house.connection)
    for _ in range(3):
        draft = Draft("x", recipients=tuple("abcdefgh"), rules=Rules(recall_after=1))
        sent = house.sending.send(draft)
        ends = threading.Event()
        texts = {}

        def press(link, texts=texts, sent=sent):
            """Each reader comes at another moment around the rule's time."""
            place = sent.links.index(link)
            threading.Event().wait(0.82 + place * 0.04)
            try:
                texts[link.link_id] = read(house, link.token)
            except Gone as gone:
                texts[link.link_id] = str(gone.state)

        def turn(shard=sent.control.shard, ends=ends):
            while not ends.wait(0.005):
                house.timekeeping.turn(shard)

        with ThreadPoolExecutor(9) as pool:
            worker = pool.submit(turn)
            for one in [pool.submit(press, link) for link in sent.links]:
                one.result()
            ends.set()
            worker.result()
        status = house.managing.status(sent.control)
        at = sent.opens_at + 1_000
        for link in status.links:
            was_read = texts[link.link_id] == "x"
            assert was_read == bool(link.reveals) == (link.outcome is None)
            assert not was_read or (link.first_revealed_at or at) < at
            assert was_read or (texts[link.link_id], link.recalled_at) == ("recalled", at)
            before, after = before + was_read, after + (not was_read)
        recalls = [e.link_id for e in status.events if e.type == "link.recalled"]
        assert len(recalls) == len(set(recalls))

    assert before, "or it was no race"
    assert after, "or it was no race"
