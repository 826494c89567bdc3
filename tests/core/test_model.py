"""Whatever people do, in whatever order, the store agrees with a small model of the glossary.

The model knows no store, no keys and no crypto.  hypothesis looks for a story in which
the two tell a sender or a reader different things.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from restante import wiring
from restante.errors import Gone, Held, NotFound, PassphraseWrong, RestanteError
from restante.messages import Draft
from restante.rules import Rules
from restante.settings import DAY, Settings
from tests.conftest import Clock, check_times, due_of, kept_of, read, reader_key
from tests.support.model import FINAL, TRIES, ModelLink, ModelMessage

if TYPE_CHECKING:
    from collections.abc import Callable

RIGHT, WRONG, NONE = "right", "wrong", "none"


@cache
def stretched_once(function: Callable[..., Any], *arguments: Any) -> Any:
    """Argon2 as it is, but not twice for the same passphrase of the same message."""
    return function(*arguments)


def asked(deed: Callable[[], Any], facts: Callable[[Any], Any] = lambda value: value) -> Any:
    """Return what a deed answered: its facts, or the error and what the error knows."""
    try:
        return facts(deed())
    except Gone as gone:
        return Gone, gone.state
    except Held as held:
        return Held, held.opens_at
    except PassphraseWrong as wrong:
        return PassphraseWrong, wrong.tries_left
    except RestanteError as error:
        return (type(error),)


places = st.integers(0, 2)
readers = st.integers(1, 5)
steps = st.sampled_from([1, 1000, 59_999, 60_000, 60_001, 119_999, 120_000, 600_000])
words = st.sampled_from([RIGHT, RIGHT, WRONG, NONE])


class Story(RuleBasedStateMachine):
    """One message, its sender and its readers."""

    def __init__(self, connection, ring, raw):
        super().__init__()
        self.clock, self.raw = Clock(), raw
        self.house = wiring.assemble(
            Settings(passphrase_tries=TRIES), ring, connection, now=self.clock.now,
            offload=stretched_once,
        )  # fmt: skip
        self.told = 0
        self.sent = None

    @initialize(
        links=st.integers(1, 3),
        views=st.integers(1, 3),
        hold=st.sampled_from([0, 0, 60]),
        expires_in=st.sampled_from([60, 600, 3600]),
        passphrase=st.sampled_from([None, None, "one"]),
        rules=st.sampled_from([(), (), (), (60,), (None, 60), (60, 120), (120, 120)]),
    )
    def send(self, *, links, views, hold, expires_in, passphrase, rules=()):
        rules = [after if after and after < expires_in else None for after in rules]
        draft = Draft(
            "text 1", recipients=tuple("abc"[:links]), views=views, hold_seconds=hold,
            expires_in_seconds=expires_in, passphrase=passphrase, rules=Rules(*rules),
        )  # fmt: skip
        self.sent = self.house.sending.send(draft)
        now = self.clock.now()
        self.model = ModelMessage(
            opens_at=now + hold * 1000,
            expires_at=now + (hold + expires_in) * 1000,
            links=[ModelLink("text 1", 1, passphrase, views) for _ in range(links)],
            has_passphrase=passphrase is not None,
        )
        facts = {"links": links, "views": views, "passphrase": passphrase is not None}
        for name, after in zip(("tell", "recall"), rules, strict=False):
            if after:
                at = self.model.opens_at + after * 1000
                setattr(self.model, f"{name}_at", at)
                facts[f"{name}_unread_at"] = at
        self.model.record("message.sent", **facts)
        self.ids = [link.link_id for link in self.sent.links]

    def link(self, place):
        place %= len(self.ids)
        return self.model.links[place], self.sent.links[place].token

    @rule(place=places, reader=readers, word=words, wary=st.booleans())
    def reveal(self, place, reader, word, wary):
        link, token = self.link(place)
        given = {RIGHT: link.passphrase or "any", WRONG: "wrong", NONE: None}[word]
        answer = asked(
            lambda: self.house.reading.reveal(
                token, reader_key(reader), given, visitor="browser", wary=wary
            ),
            lambda c: (c.text, str(c.state), c.views_left, c.lease_until, c.fresh),
        )

        assert answer == self.model.reveal(link, reader, given, self.clock.now(), wary=wary)

    @rule(place=places, reader=readers, keep=st.booleans())
    def acknowledge(self, place, reader, keep):
        link, token = self.link(place)
        answer = asked(
            lambda: self.house.answering.acknowledge(token, reader_key(reader), keep=keep),
            lambda views_left: (views_left,),
        )

        assert answer == self.model.acknowledge(link, reader, self.clock.now(), keep=keep)

    @rule(place=places, reader=readers)
    def extend_lease(self, place, reader):
        link, token = self.link(place)
        answer = asked(lambda: self.house.answering.extend_lease(token, reader_key(reader)))

        assert answer == self.model.extend_lease(link, reader, self.clock.now())

    @rule(place=places, reader=readers)
    def confirm(self, place, reader):
        link, token = self.link(place)
        answer = asked(
            lambda: self.house.answering.confirm(token, reader_key(reader)), lambda _: ()
        )

        assert answer == self.model.confirm(link, reader, self.clock.now())

    @rule(place=places, reader=readers, deed=st.sampled_from(["dispute", "decline"]))
    def tell(self, place, reader, deed):
        link, token = self.link(place)
        answer = getattr(self.house.answering, deed)(token, [reader_key(reader)])

        assert answer == getattr(self.model, deed)(link, reader, self.clock.now())

    @rule(place=places, reader=readers, seconds=st.sampled_from([1, 30, 5_000]))
    def show(self, place, reader, seconds):
        link, token = self.link(place)
        answer = asked(
            lambda: self.house.answering.on_screen(token, reader_key(reader), seconds), lambda _: ()
        )

        assert answer == self.model.show(link, reader, min(seconds, 3_600), self.clock.now())

    @rule(chosen=st.sets(places))
    def recall(self, chosen):
        chosen = sorted({place % len(self.ids) for place in chosen})
        every = list(range(len(self.ids)))
        verdicts = self.house.managing.recall(self.sent.control, [self.ids[p] for p in chosen])
        expected = self.model.recall(
            [self.model.links[p] for p in chosen or every], self.clock.now()
        )

        assert [v.link_id for v in verdicts] == [self.ids[p] for p in chosen or every]
        assert [(str(v.outcome), v.reveals, v.recalled_at) for v in verdicts] == expected

    @rule(passphrase=st.sampled_from([None, None, "two"]))
    def replace(self, passphrase):
        self.told += 1
        text = f"text by replace {self.told}"
        answer = asked(
            lambda: self.house.sending.replace(self.sent.control, text, passphrase=passphrase),
            lambda made: (made[0], [one.outcome for one in made[1]]),
        )

        assert answer == self.model.replace(text, passphrase, self.clock.now())

    @rule(seconds=st.sampled_from([60, 120, 1200, DAY]))
    def extend(self, seconds):
        answer = asked(
            lambda: self.house.managing.extend(self.sent.control, seconds), lambda at: (at,)
        )
        now = self.clock.now()

        assert answer[:1] == self.model.extend(now + seconds * 1000, now)

    @rule(deed=st.sampled_from(["pause", "resume"]))
    def pause(self, deed):
        answer = asked(lambda: getattr(self.house.managing, deed)(self.sent.control), lambda _: ())

        assert answer[:1] == getattr(self.model, deed)(self.clock.now())

    @rule(
        tell=st.sampled_from([None, None, 0, 60, 120, 600]),
        recall=st.sampled_from([None, None, None, 0, 60, 120, 1200]),
    )
    def set_rules(self, tell, recall):
        answer = asked(
            lambda: self.house.managing.set_rules(self.sent.control, Rules(tell, recall)),
            lambda _: (),
        )

        assert answer[:1] == self.model.set_rules(tell, recall, self.clock.now())

    @rule(place=places, reader=readers, visitor=st.sampled_from(["browser", "preview_bot"]))
    def look(self, place, reader, visitor):
        link, token = self.link(place)
        now = self.clock.now()
        gate = self.house.reading.preview(token, [reader_key(reader)], visitor=visitor)
        state = self.model.state(link, now)
        if visitor == "preview_bot":
            link.scanned_at = now

        assert gate.watched == link.is_watched(now)
        assert gate.state == state
        assert gate.paused == (self.model.paused_at is not None)
        assert (gate.held, gate.reveals) == (int(reader in link.leases), link.reveals)
        for told, said in ((gate.disputed, link.disputed), (gate.declined, link.declined)):
            assert told == ("told" if reader in said else "enough" if len(said) == 3 else "may")
        assert gate.views_left == (0 if state in FINAL else link.views - link.reveals)
        assert gate.needs_passphrase == (link.passphrase is not None)
        if self.model.lease_open(link, reader, now):
            assert (gate.ordinal, gate.lease_until) == (0, link.leases[reader])
        else:
            assert gate.ordinal == (None if reader in link.leases else 0)
            assert gate.lease_until is None

    @rule(sure=st.sampled_from([True, *[False] * 5]), passphrase=st.sampled_from([None, "one"]))
    def forget(self, sure, passphrase):
        """After it there is nothing; another message takes its place."""
        if not sure:
            return
        managing, control = self.house.managing, self.sent.control
        managing.forget(control)
        managing.forget(control)

        assert kept_of(self.raw, self.sent) == {}
        assert due_of(self.raw, self.sent) == {}
        for deed in (managing.status, managing.recall, managing.pause, managing.resume):
            assert asked(lambda deed=deed: deed(control)) == (NotFound,)
        for link in self.sent.links:
            token = link.token
            assert asked(lambda token=token: read(self.house, token)) == (NotFound,)
            assert asked(lambda token=token: self.house.reading.preview(token, visitor="")) == (
                NotFound,
            )
        self.send(links=2, views=2, hold=0, expires_in=600, passphrase=passphrase)

    @rule(ms=steps)
    def time_passes(self, ms):
        self.clock.forward(ms)

    def catch_up(self):
        """Run the shard's deadlines; other tests may have left more than one turn's."""
        shard, more = self.sent.control.shard, True
        while more:
            done, full = self.house.timekeeping.turn(shard)
            more = full and done > 0

    @rule()
    def worker(self):
        self.catch_up()
        now, model = self.clock.now(), self.model
        model.worker(now, self.ids)
        kept = kept_of(self.raw, self.sent)
        check_times(self.raw, self.sent)
        alive = [link for link in model.links if model.opens_for_somebody(link, now)]

        assert {key for key in kept if key.startswith(b"key:")} == {
            b"key:" + self.ids[model.links.index(link)] for link in alive
        }
        assert {key for key in kept if key.startswith(b"content:")} == {
            b"content:%b:%d" % (self.sent.message_id, link.version) for link in alive
        }
        due = due_of(self.raw, self.sent)
        assert all(at > now for at in due.values())
        assert {m for m in due if m.startswith(b"expire:")} == {
            b"expire:" + self.ids[model.links.index(link)] for link in model.links if not link.ended
        }
        ended = all(link.ended for link in model.links)
        assert (b"forget:" + self.sent.message_id in due) == ended

    @precondition(lambda self: self.sent)
    @invariant()
    def the_sender_is_told_the_truth(self):
        now, model = self.clock.now(), self.model
        status = self.house.managing.status(self.sent.control)

        assert (status.version, status.needs_passphrase) == (model.version, model.has_passphrase)
        assert (status.opens_at, status.expires_at) == (model.opens_at, model.expires_at)
        ended = all(model.state(link, now) in FINAL for link in model.links)
        assert status.paused_at == (None if ended else model.paused_at)
        assert (status.tell_at, status.recall_at) == tuple(
            at if at and at > now else None for at in (model.tell_at, model.recall_at)
        )
        for shown, link in zip(status.links, model.links, strict=True):
            state = model.state(link, now)
            assert shown.state == state
            assert shown.reveals == link.reveals
            assert shown.views_left == (0 if state in FINAL else link.views - link.reveals)
            assert shown.first_revealed_at == link.times.get("first")
            assert shown.last_revealed_at == link.times.get("last")
            assert shown.acknowledged_at == link.times.get("acknowledged")
            assert shown.confirmed_at == link.times.get("confirmed")
            assert shown.on_screen_seconds == sum(link.on_screen.values()) // 1000
            is_ruled = not link.ended and model.is_ruled(link, now)
            ruled = ("recalled_unread", model.recall_at, True)
            assert (shown.outcome, shown.recalled_at, shown.by_rule) == (
                ruled if is_ruled else (link.outcome, link.recalled_at, link.by_rule)
            )
            assert shown.unread_at == link.unread_at
        told = [
            (e.type, None if e.link_id is None else self.ids.index(e.link_id), e.facts)
            for e in status.events
        ]
        assert told == model.events

    def teardown(self):
        if not self.sent:
            return
        self.clock.forward(3 * DAY * 1000)
        self.worker()
        self.clock.forward(40 * DAY * 1000)
        self.catch_up()

        assert kept_of(self.raw, self.sent) == {}
        assert due_of(self.raw, self.sent) == {}
        assert asked(lambda: self.house.managing.status(self.sent.control)) == (NotFound,)


def test_the_store_agrees_with_the_model(connection, ring, raw):
    run_state_machine_as_test(
        lambda: Story(connection, ring, raw),
        settings=settings(max_examples=120, stateful_step_count=30, deadline=None),
    )


@pytest.mark.endurance
def test_the_store_agrees_with_the_model_for_long(connection, ring, raw):
    run_state_machine_as_test(
        lambda: Story(connection, ring, raw),
        settings=settings(max_examples=3000, stateful_step_count=60, deadline=None),
    )
