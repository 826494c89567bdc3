"""Whatever people do, in whatever order, the store agrees with a small model of DESIGN.md's words.

The model knows no store, no keys and no crypto.  hypothesis looks for a story in which
the two tell a sender or a reader different things.
"""

from __future__ import annotations

from dataclasses import dataclass, field
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
from restante.errors import (
    Gone,
    Held,
    Invalid,
    NotFound,
    PassphraseRequired,
    PassphraseWrong,
    RestanteError,
)
from restante.messages import Draft
from restante.settings import DAY, Settings
from tests.conftest import Clock, check_times, due_of, kept_of, nonce

if TYPE_CHECKING:
    from collections.abc import Callable

LEASE, TRIES = 120_000, 3
LEASED = {"read", "spent", "locked"}
FINAL = {"spent", "recalled", "expired", "locked"}
RIGHT, WRONG, NONE = "right", "wrong", "none"


@dataclass(eq=False)
class ModelLink:
    """One recipient's link, as the glossary has it."""

    text: str
    version: int
    passphrase: str | None
    views: int
    ended: str | None = None
    reveals: int = 0
    tries: int = TRIES
    leases: dict[int, int] = field(default_factory=dict)
    acknowledged: set[int] = field(default_factory=set)
    view_of: dict[int, int] = field(default_factory=dict)
    outcome: str | None = None
    recalled_at: int | None = None
    times: dict[str, int] = field(default_factory=dict)


@dataclass
class ModelMessage:
    """A message and all that was promised of it."""

    opens_at: int
    expires_at: int
    links: list[ModelLink]
    has_passphrase: bool
    version: int = 1
    events: list[tuple[str, int | None, dict[str, Any]]] = field(default_factory=list)

    def state(self, link: ModelLink, now: int) -> str:
        if link.ended:
            return link.ended
        if now >= self.expires_at:
            return "expired"
        if link.reveals:
            return "read"
        return "held" if now < self.opens_at else "sealed"

    def lease_open(self, link: ModelLink, reader: int, now: int) -> bool:
        return link.leases.get(reader, 0) > now and self.state(link, now) in LEASED

    def record(self, event: str, link: ModelLink | None = None, **facts: Any) -> None:
        self.events.append((event, None if link is None else self.links.index(link), facts))

    def reveal(self, link: ModelLink, reader: int, given: str | None, now: int) -> tuple[Any, ...]:
        state, again = self.state(link, now), self.lease_open(link, reader, now)
        if not again:
            if reader in link.leases or state in FINAL:
                return Gone, state
            if state == "held":
                return Held, self.opens_at
        if link.passphrase is not None and given is None:
            return (PassphraseRequired,)
        if link.passphrase is not None and given != link.passphrase:
            if again:
                return PassphraseWrong, link.tries
            link.tries -= 1
            if link.tries:
                self.record("link.passphrase_wrong", link, tries_left=link.tries)
                return PassphraseWrong, link.tries
            self.record("link.locked", link)
            link.ended = "locked"
            return Gone, "locked"
        if not again:
            link.reveals += 1
            link.leases[reader] = min(now + LEASE, self.expires_at)
            link.view_of[reader] = link.reveals
            link.times.setdefault("first", now)
            link.times["last"] = now
            self.record("link.revealed", link, view=link.reveals)
            if link.reveals == link.views:
                link.ended = "spent"
        return (
            link.text, link.ended or "read", 0 if link.ended else link.views - link.reveals,
            link.leases[reader], not again,
        )  # fmt: skip

    def acknowledge(self, link: ModelLink, reader: int, now: int, *, keep: bool) -> tuple[Any, ...]:
        if reader not in link.leases:
            return (NotFound,)
        if reader not in link.acknowledged:
            link.acknowledged.add(reader)
            link.times.setdefault("acknowledged", now)
            self.record("link.acknowledged", link, view=link.view_of[reader])
        if not keep:
            link.leases[reader] = 0
        return ()

    def recall(self, chosen: list[ModelLink], now: int) -> list[tuple[str, int, int | None]]:
        for link in chosen:
            if link.outcome:
                continue
            state = self.state(link, now)
            if state in FINAL:
                link.outcome = f"already_{state}"
            else:
                link.outcome = "recalled_after_read" if link.reveals else "recalled_unread"
                link.ended = "recalled"
            link.leases = dict.fromkeys(link.leases, 0)
            link.recalled_at = now
            self.record("link.recalled", link, outcome=link.outcome)
        return [(link.outcome or "", link.reveals, link.recalled_at) for link in chosen]

    def replace(self, text: str, passphrase: str | None, now: int) -> tuple[Any, ...]:
        if self.has_passphrase and passphrase is None:
            return (Invalid,)
        outcomes, moved = [], []
        for link in self.links:
            state = self.state(link, now)
            if state in {"held", "sealed"}:
                moved.append(link)
                outcomes.append("replaced")
            else:
                outcomes.append(f"already_{state}")
        if moved:
            self.version += 1
            self.has_passphrase |= passphrase is not None
            self.record("message.replaced", version=self.version)
        for link in moved:
            link.text, link.version = text, self.version
            link.passphrase, link.tries = passphrase, TRIES
            self.record("link.replaced", link, version=self.version)
        return self.version, outcomes

    def extend(self, expires_at: int, now: int) -> tuple[Any, ...]:
        living = [link for link in self.links if self.state(link, now) not in FINAL]
        if not living:
            return (Gone,)
        if expires_at <= self.opens_at:
            return (Invalid,)
        self.record("message.extended", **{"from": self.expires_at, "to": expires_at})
        self.expires_at = expires_at
        for link in living:
            link.leases = {r: min(at, expires_at) for r, at in link.leases.items()}
        return (expires_at,)

    def worker(self, now: int, ids: list[bytes]) -> None:
        due = [link for link in self.links if not link.ended and now >= self.expires_at]
        for link in sorted(due, key=lambda link: ids[self.links.index(link)]):
            link.ended = "expired"
            self.record("link.expired", link, reveals=link.reveals)

    def opens_for_somebody(self, link: ModelLink, now: int) -> bool:
        if self.state(link, now) in FINAL - LEASED:
            return False
        return link.ended is None or any(at > now for at in link.leases.values())


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
readers = st.integers(1, 4)
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
    )
    def send(self, links, views, hold, expires_in, passphrase):
        draft = Draft(
            "text 1", recipients=tuple("abc"[:links]), views=views, hold_seconds=hold,
            expires_in_seconds=expires_in, passphrase=passphrase,
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
        self.model.record("message.sent", **facts)
        self.ids = [link.link_id for link in self.sent.links]

    def link(self, place):
        place %= len(self.ids)
        return self.model.links[place], self.sent.links[place].token

    @rule(place=places, reader=readers, word=words)
    def reveal(self, place, reader, word):
        link, token = self.link(place)
        given = {RIGHT: link.passphrase or "any", WRONG: "wrong", NONE: None}[word]
        answer = asked(
            lambda: self.house.reading.reveal(token, nonce(reader), given, visitor="browser"),
            lambda c: (c.text, str(c.state), c.views_left, c.lease_until, c.fresh),
        )

        assert answer == self.model.reveal(link, reader, given, self.clock.now())

    @rule(place=places, reader=readers, keep=st.booleans())
    def acknowledge(self, place, reader, keep):
        link, token = self.link(place)
        answer = asked(
            lambda: self.house.reading.acknowledge(token, nonce(reader), keep=keep), lambda _: ()
        )

        assert answer == self.model.acknowledge(link, reader, self.clock.now(), keep=keep)

    @rule(chosen=st.sets(places))
    def recall(self, chosen):
        chosen = sorted({place % len(self.ids) for place in chosen})
        every = list(range(len(self.ids)))
        verdicts = self.house.sending.recall(self.sent.control, [self.ids[p] for p in chosen])
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
            lambda: self.house.sending.extend(self.sent.control, seconds), lambda at: (at,)
        )
        now = self.clock.now()

        assert answer[:1] == self.model.extend(now + seconds * 1000, now)

    @rule(place=places, reader=readers)
    def look(self, place, reader):
        link, token = self.link(place)
        now = self.clock.now()
        gate = self.house.reading.preview(token, [nonce(reader)], visitor="browser")
        state = self.model.state(link, now)

        assert gate.state == state
        assert gate.views_left == (0 if state in FINAL else link.views - link.reveals)
        assert gate.needs_passphrase == (link.passphrase is not None)
        if self.model.lease_open(link, reader, now):
            assert (gate.ordinal, gate.lease_until) == (0, link.leases[reader])
        else:
            assert gate.ordinal == (None if reader in link.leases else 0)
            assert gate.lease_until is None

    @rule(ms=steps)
    def time_passes(self, ms):
        self.clock.forward(ms)

    @rule()
    def worker(self):
        shard, more = self.sent.control.shard, True
        while more:
            done, full = self.house.timekeeping.turn(shard)
            more = full and done > 0
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
        status = self.house.sending.status(self.sent.control)

        assert (status.version, status.needs_passphrase) == (model.version, model.has_passphrase)
        assert (status.opens_at, status.expires_at) == (model.opens_at, model.expires_at)
        for shown, link in zip(status.links, model.links, strict=True):
            state = model.state(link, now)
            assert shown.state == state
            assert shown.reveals == link.reveals
            assert shown.views_left == (0 if state in FINAL else link.views - link.reveals)
            assert shown.first_revealed_at == link.times.get("first")
            assert shown.last_revealed_at == link.times.get("last")
            assert shown.acknowledged_at == link.times.get("acknowledged")
            assert (shown.outcome, shown.recalled_at) == (link.outcome, link.recalled_at)
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
        self.house.timekeeping.turn(self.sent.control.shard)

        assert kept_of(self.raw, self.sent) == {}
        assert due_of(self.raw, self.sent) == {}
        assert asked(lambda: self.house.sending.status(self.sent.control)) == (NotFound,)


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
