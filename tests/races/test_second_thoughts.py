"""The rules about pauses, rules and what is forgotten, with histories that break them."""

from __future__ import annotations

import pytest

from tests.races import second_thoughts
from tests.races.promises import RULES
from tests.races.stories import Bad, Story, keeper

BAD: dict[str, Bad] = {}
breaks = keeper(BAD)
RULED = "message.rules_changed"


def ruled(s, name="recall", after=1.5):
    """Set a rule that runs so long after it was asked for; return its time."""
    at = s.time + 1 + after
    s.event(RULED, **{f"{name}_unread_at": at})
    s.status(verb="rule", given={f"{name}_unread_after": after})
    return at


def paused_and_resumed():
    s = Story(views=3)
    s.text("ana", state="read")
    s.event("link.revealed", 0, view=1)
    s.lost("pause")
    s.add("pause", 204)
    s.event("message.paused", leases=1).status()
    s.text("ana", state="read")
    s.lost("resume")
    s.text("ben", state="read")
    s.event("message.resumed").event("link.revealed", 0, view=2).status()
    s.add("pause", 204)
    s.event("message.paused", leases=2).status()
    return s


def recalled_by_a_rule():
    s = Story()
    at = ruled(s)
    s.lost(reader="ana")
    s.gone("ana", "recalled")
    s.status("recalled")
    s.event("link.recalled", 0, "r", at, outcome="recalled_unread", by="rule", told_at=at + 5)
    s.recall("recalled_unread", at="r")
    s.status("recalled")
    return s


def read_in_time():
    s = Story(views=2)
    ruled(s, after=3)
    s.text("ana", state="read")
    s.event("link.revealed", 0, view=1)
    s.time += 5
    s.text("ben")
    s.event("link.revealed", 0, view=2).status()
    return s


def told_and_then_read():
    s = Story()
    at = ruled(s, "tell")
    s.time += 5
    s.text("ana")
    s.event("link.unread", 0, "u", at, told_at=at + 4).event("link.revealed", 0, view=1).status()
    return s


def forgotten():
    s = Story()
    s.lost("forget")
    s.add("status", 404)
    s.add("forget", 204)
    s.add("reveal", 404, reader="ana")
    s.add("forget", 204)
    return s


@pytest.mark.parametrize(
    "story",
    [paused_and_resumed, recalled_by_a_rule, read_in_time, told_and_then_read, forgotten],
)
def test_allowed_histories_break_no_rule(story):
    assert [found.what for found in story().found()] == []


@breaks("nobody_new_reads_what_is_paused", "ana got the text of link 0 while it was paused")
def somebody_new_reads_during_a_pause(s):
    s.add("pause", 204)
    s.text("ana")


@breaks("nobody_new_reads_what_is_paused", "while it was paused")
def a_resume_before_the_pause_lets_nobody_in(s):
    s.add("pause", 204)
    s.add("resume", 204)
    s.add("pause", 204)
    s.text("ana")


@breaks("nothing_is_left_of_what_is_forgotten", "reveal was answered 200")
def a_forgotten_message_is_read(s):
    s.add("forget", 204)
    s.text("ana")


@breaks("nothing_is_left_of_what_is_forgotten", "status was answered 200")
def a_forgotten_message_has_a_status(s):
    s.add("forget", 204)
    s.status()


@breaks("rules_hold_at_their_time", "open to reveal")
def a_link_is_read_after_a_rule_recalled_it(s):
    ruled(s)
    s.time += 1
    s.text("ana")


@breaks("rules_hold_at_their_time", "open to preview")
def a_gate_opens_after_a_rule_recalled_the_link(s):
    ruled(s)
    s.time += 1
    s.add("preview", 200, told={"state": "sealed"})


@breaks("rules_hold_at_their_time", "open to status")
def a_link_waits_although_a_rule_recalled_it(s):
    ruled(s)
    s.time += 1
    s.status()


@breaks("rules_run_once_and_tell_the_truth", "is there 2 times for 1 rules")
def a_rule_tells_twice(s):
    at = ruled(s, "tell")
    for _ in range(2):
        s.event("link.unread", 0, "u", at, told_at=at)
    s.time += 5
    s.status()


@breaks("rules_run_once_and_tell_the_truth", "which had been opened")
def a_rule_recalls_what_was_read(s):
    at = ruled(s)
    s.event("link.revealed", 0, view=1)
    s.event("link.recalled", 0, "r", at, outcome="recalled_unread", by="rule", told_at=at).status()


@breaks("rules_run_once_and_tell_the_truth", "at which none was due")
def a_rule_runs_at_another_time(s):
    at = ruled(s, "tell")
    s.event("link.unread", 0, "u", at + 1, told_at=at + 1).status()


@breaks("rules_run_once_and_tell_the_truth", "before its time")
def a_rule_tells_too_early(s):
    at = ruled(s, "tell")
    s.event("link.unread", 0, "u", at, told_at=at - 1).status()


@breaks("rules_run_once_and_tell_the_truth", "that nobody set")
def a_rule_that_nobody_set_recalls(s):
    s.event("link.recalled", 0, "r", 5, outcome="recalled_unread", by="rule", told_at=5)
    s.status("recalled")


@breaks("pauses_and_resumes_take_turns", "do not take turns")
def two_pauses_in_a_row(s):
    for _ in range(2):
        s.add("pause", 204)
        s.event("message.paused", leases=0)
    s.status()


@breaks("pauses_and_resumes_take_turns", "is paused: False")
def a_paused_message_says_that_it_is_not(s):
    s.add("pause", 204)
    s.event("message.paused", leases=0).status(is_paused=False)


@breaks("pauses_and_resumes_take_turns", "more often than pause was asked for")
def a_pause_that_nobody_asked_for(s):
    s.event("message.paused", leases=0).status()


@breaks("pauses_and_resumes_take_turns", "a pause is not in the timeline")
def a_pause_without_an_event(s):
    s.add("pause", 204)
    s.status()


@pytest.mark.parametrize("name", BAD)
def test_forbidden_histories_are_found(name):
    rule, words, tell = BAD[name]
    story = Story()
    tell(story)

    assert any(words in found.what for found in story.found() if found.rule == rule)


def test_every_rule_has_a_history_that_breaks_it():
    rules = {rule.__name__ for rule in RULES if rule.__module__ == second_thoughts.__name__}

    assert {rule for rule, *_ in BAD.values()} == rules
