"""Whatever is sent, read, recalled, moved and forgotten, sent lists agree with a small model.

The model knows lines by their scores, and links by how often they were read.  hypothesis looks for
a story in which the two show a sender different things.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

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

from restante import sent_list, wiring
from restante.crypto.tokens import ListToken
from restante.details import Details
from restante.errors import RestanteError
from restante.messages import Draft
from restante.settings import Settings
from restante.store import keys
from restante.store.replies import Changed
from tests.conftest import Clock, read

HOUR = 3_600_000
LISTS = 4
FINAL = {"spent", "recalled"}
lists = st.integers(0, LISTS - 1)
places = st.integers(0, 40)


@dataclass
class ModelLink:
    """A link that never expires and has no passphrase."""

    views: int
    reveals: int = 0
    is_recalled: bool = False

    @property
    def state(self) -> str:
        if self.is_recalled:
            return "recalled"
        if not self.reveals:
            return "sealed"
        return "spent" if self.reveals == self.views else "read"

    def recall(self) -> None:
        self.is_recalled |= self.state not in FINAL


@dataclass(eq=False)
class ModelMessage:
    """A message that one browser sent."""

    sent: Any
    subject: str
    links: list[ModelLink]
    is_forgotten: bool = False


@dataclass
class ModelList:
    """A list: messages by their scores, of which no two are the same."""

    lines: dict[int, ModelMessage] = field(default_factory=dict)
    is_closed: bool = False
    moved_to: int | None = None

    def add(self, at: int, message: ModelMessage) -> None:
        if message in self.lines.values():
            return
        while at in self.lines:
            at += 1
        self.lines[at] = message

    def newest(self) -> list[tuple[int, ModelMessage]]:
        """Return what is seen: a walk through a list drops the lines of forgotten messages."""
        self.lines = {at: its for at, its in self.lines.items() if not its.is_forgotten}
        return sorted(self.lines.items(), reverse=True)


def verdict(messages: list[ModelMessage]) -> tuple[int, int, int, int]:
    links = [link for its in messages for link in its.links]
    return (
        sum(link.is_recalled and not link.reveals for link in links),
        sum(link.reveals > 0 for link in links),
        sum(link.reveals > 0 and link.state not in FINAL for link in links),
        len(messages),
    )


def figures(verdicts: Any) -> tuple[int, int, int, int]:
    assert verdicts.is_whole
    assert verdicts.ended == 0
    return verdicts.prevented, verdicts.too_late, verdicts.still_open, verdicts.messages


class Story(RuleBasedStateMachine):
    """Some secrets, their lists, and what was sent with each."""

    def __init__(self, connection, ring, raw):
        super().__init__()
        self.clock, self.raw = Clock(), raw
        self.house = wiring.assemble(Settings(), ring, connection, now=self.clock.now)
        self.verbs = self.house.sent_list
        self.messages: list[ModelMessage] = []

    @initialize()
    def begin(self):
        self.tokens = [ListToken.new() for _ in range(LISTS)]
        self.lists = [ModelList() for _ in range(LISTS)]

    @rule(
        which=lists, links=st.integers(1, 2), views=st.integers(1, 2),
        subject=st.sampled_from(["odd", "even"]),
    )  # fmt: skip
    def send(self, which, links, views, subject):
        draft = Draft(
            "x", recipients=("Ana", "Bob")[:links], views=views, details=Details(subject=subject)
        )
        sent = self.house.sending.send(draft, cookie=self.tokens[which].cookie)
        made = ModelMessage(sent, subject, [ModelLink(views) for _ in range(links)])
        self.messages.append(made)
        its = self.lists[which]

        assert bool(sent.unlisted) == its.is_closed
        if not its.is_closed:
            its.add(sent.sent_at, made)
        elif (to := its.moved_to) is not None:
            self.adopt(self.tokens[which], to, made)

    def adopt(self, old, to, made):
        """As the web does for a browser that has both secrets; repeated, as a lost reply is."""
        for _ in range(2):
            try:
                self.verbs.adopt(old, self.tokens[to], made.sent.unlisted, made.sent.sent_at)
            except Changed:
                assert self.lists[to].is_closed
            else:
                assert not self.lists[to].is_closed
                self.lists[to].add(made.sent.sent_at, made)

    def a_message(self, place):
        return self.messages[place % len(self.messages)] if self.messages else None

    @rule(place=places, link=st.integers(0, 1), reader=st.integers(1, 50))
    def read(self, place, link, reader):
        if not (its := self.a_message(place)):
            return
        link %= len(its.links)
        known = its.links[link]
        may = not its.is_forgotten and known.state not in FINAL
        reader = 100 * known.reveals + reader
        try:
            read(self.house, its.sent.links[link].token, reader)
        except RestanteError:
            assert not may
        else:
            assert may
            known.reveals += 1

    @rule(place=places, which=st.one_of(st.none(), lists))
    def forget_message(self, place, which):
        """By a program, or in a browser that has one of the lists: there the line goes at once."""
        if not (its := self.a_message(place)):
            return
        sent_at = self.house.managing.forget(its.sent.control)

        assert sent_at == (None if its.is_forgotten else its.sent.sent_at)
        its.is_forgotten = True
        if which is not None and sent_at is not None:
            self.verbs.drop(self.tokens[which], its.sent.control, sent_at)
            lines = self.lists[which].lines
            for at in [at for at, one in lines.items() if one is its]:
                assert at < sent_at + sent_list.CHUNK
                del lines[at]

    @rule(which=lists, window=st.sampled_from([None, HOUR]))
    def recall_unread(self, which, window):
        verdicts = self.verbs.recall_unread(self.tokens[which], window)
        since = 0 if window is None else self.clock.now() - window
        found = [its for at, its in self.seen(which, since) if at >= since]
        for its in found:
            for link in its.links:
                if not link.reveals:
                    link.recall()

        assert figures(verdicts) == verdict(found)

    def seen(self, which, since=0):
        """Return what a walk through a list up to a time shows: it drops nothing older."""
        its = self.lists[which]
        its.lines = {at: one for at, one in its.lines.items() if at < since or not one.is_forgotten}
        return sorted(its.lines.items(), reverse=True)

    @rule(which=lists, chosen=st.sets(places, min_size=1, max_size=4))
    def recall(self, which, chosen):
        lines = sorted(self.lists[which].lines.items(), reverse=True)
        if not lines:
            return
        picked = dict(lines[place % len(lines)] for place in sorted(chosen))
        verdicts = self.verbs.recall(self.tokens[which], [*picked, 7])
        found = [its for its in picked.values() if not its.is_forgotten]
        for its in found:
            for link in its.links:
                link.recall()

        assert figures(verdicts) == verdict(found)

    @rule(old=lists, new=lists)
    def move(self, old, new):
        if old == new:
            return
        source, target = self.lists[old], self.lists[new]
        try:
            self.verbs.move(self.tokens[old], self.tokens[new])
        except Changed:
            assert target.is_closed
            return
        assert not target.is_closed
        for at, its in sorted(source.lines.items(), reverse=True):
            target.add(at, its)
        source.lines, source.is_closed, source.moved_to = {}, True, new

    @rule(which=st.integers(0, LISTS * 5))
    def forget_list(self, which):
        if which < LISTS:
            self.verbs.forget(self.tokens[which])
            self.lists[which] = ModelList(is_closed=True)

    @rule(ms=st.sampled_from([1, 1, 60_000, HOUR]))
    def time_passes(self, ms):
        self.clock.forward(ms)

    @rule(which=lists)
    def pages(self, which):
        """Page by page all is seen, the newest first, each with its state."""
        token, before, shown = self.tokens[which], None, []
        for _ in range(40):
            page = self.verbs.page(token, before)
            shown += page.entries
            before = page.older
            if before is None:
                break
        expected = self.lists[which].newest()

        assert page.is_closed == self.lists[which].is_closed
        assert page.total == len(expected)
        assert [(one.at, one.line.control) for one in shown] == [
            (at, its.sent.control) for at, its in expected
        ]
        for one, (_, its) in zip(shown, expected, strict=True):
            assert (one.line.subject, one.line.links) == (its.subject, len(its.links))
            assert [(link.state, link.reveals) for link in one.seen.links] == [
                (link.state, link.reveals) for link in its.links
            ]

    @rule(which=lists, word=st.sampled_from(["odd", "even", "ana", "nowhere"]))
    def search(self, which, word):
        token, before, shown = self.tokens[which], None, []
        for _ in range(40):
            page = self.verbs.search(token, word, before)
            shown += [one.line.control for one in page.entries]
            before = page.older
            if before is None:
                break

        found = [
            (at, its)
            for at, its in sorted(self.lists[which].lines.items(), reverse=True)
            if word in {its.subject, "ana"}
        ]
        assert shown == [its.sent.control for _, its in found if not its.is_forgotten]
        for at in [at for at, its in found if its.is_forgotten]:
            del self.lists[which].lines[at]

    @precondition(lambda self: self.messages)
    @invariant()
    def no_line_is_lost_and_none_is_left(self):
        with self.raw.pipeline(transaction=False) as pipe:
            for token in self.tokens:
                pipe.zrange(keys.sent(token), 0, -1, withscores=True)
            kept = pipe.execute()
        for lines, its in zip(kept, self.lists, strict=True):
            alive = {int(at) for _, at in lines}
            wanted = {at for at, one in its.lines.items() if not one.is_forgotten}
            assert wanted <= alive <= set(its.lines)


@pytest.fixture
def small_pages(monkeypatch):
    """Short stories are long lists then."""
    monkeypatch.setattr(sent_list, "PAGE", 3)
    monkeypatch.setattr(sent_list, "CHUNK", 2)


@pytest.mark.usefixtures("small_pages")
def test_lists_agree_with_the_model(connection, ring, raw):
    run_state_machine_as_test(
        lambda: Story(connection, ring, raw),
        settings=settings(
            max_examples=50, stateful_step_count=40, deadline=None, report_multiple_bugs=False
        ),
    )


@pytest.mark.endurance
@pytest.mark.usefixtures("small_pages")
def test_lists_agree_with_the_model_for_long(connection, ring, raw):
    run_state_machine_as_test(
        lambda: Story(connection, ring, raw),
        settings=settings(
            max_examples=2000, stateful_step_count=80, deadline=None, report_multiple_bugs=False
        ),
    )
