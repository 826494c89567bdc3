"""The rules of the model, each with a history that keeps it and one that breaks it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.races import second_thoughts
from tests.races.history import Op, lives
from tests.races.promises import RULES
from tests.races.stories import LATE, Bad, Story, keeper

if TYPE_CHECKING:
    from collections.abc import Callable


def read_and_acknowledged() -> Story:
    s = Story(views=2)
    s.text("ana", state="read")
    s.event("link.revealed", 0, view=1).status()
    s.acknowledge("ana")
    s.event("link.acknowledged", 0, view=1).status()
    s.text("ana", state="read")
    s.lost(reader="ben")
    s.text("ben")
    s.gone("eve", "spent")
    s.event("link.revealed", 0, view=2).status()
    s.recall("already_spent", 2)
    s.gone("ana", "spent")
    s.event("link.recalled", 0, "r", outcome="already_spent").status("spent")
    return s


def recalled_unread() -> Story:
    s = Story()
    s.lost("recall")
    s.recall("recalled_unread")
    s.recall("recalled_unread")
    s.gone("ana", "recalled")
    s.gone("", "recalled", verb="preview")
    s.event("link.recalled", 0, "r", outcome="recalled_unread").status("recalled")
    s.add("extend", 410)
    return s


def replaced() -> Story:
    s = Story(views=2)
    s.replace()
    s.lost("replace", given={"text": "third"})
    s.text("ana", "third", state="read")
    s.event("message.replaced", version=2).event("link.replaced", 0, version=2)
    s.event("message.replaced", version=3).event("link.replaced", 0, version=3)
    s.event("link.revealed", 0, view=1).status()
    s.replace(3, "already_read", "fourth")
    s.status()
    return s


def read_between_two_tries_to_replace() -> Story:
    s = Story()
    s.lost("replace", given={"text": "second"})
    s.text("ana", "second")
    s.replace(2, "already_spent", "second")
    s.event("message.replaced", version=2).event("link.replaced", 0, version=2)
    s.event("link.revealed", 0, view=1).status()
    return s


def guessed() -> Story:
    s = Story(tries=3)
    s.wrong("eve", 2)
    s.lost(reader="eve", given={"passphrase": "wrong"})
    s.event("link.passphrase_wrong", 0, tries_left=2)
    s.event("link.passphrase_wrong", 0, tries_left=1).status()
    s.gone("eve", "locked")
    s.event("link.locked", 0).status("locked")
    return s


def extended() -> Story:
    s = Story()
    s.event("message.extended", **{"from": 1, "to": LATE})
    s.status(verb="extend", given={"expires_in": 60})
    s.lost("extend", given={"expires_in": 1})
    s.event("message.extended", **{"from": LATE, "to": 5})
    s.status("expired", expires_at=5)
    s.event("link.expired", 0, reveals=0).status("expired", expires_at=5)
    s.gone("ana", "expired")
    return s


def a_doubtful_claim_that_came_to_nothing() -> Story:
    s = Story()
    s.lost(reader="ana")
    s.text("ben")
    s.gone("ana", "spent")
    s.event("link.revealed", 0, view=1).status()
    return s


def a_claim_whose_lease_was_recalled_before_the_web_asked_again() -> Story:
    """Seed 731248: the store's reply was lost, so the web asked again, and the key was gone."""
    s = Story()
    gone = s.gone("ana", "spent")
    recall = s.recall("already_spent", 1)
    gone.end = recall.end + 0.1
    s.event("link.revealed", 0, view=1).event("link.recalled", 0, "r", outcome="already_spent")
    s.status("spent")
    return s


GOOD = [
    a_claim_whose_lease_was_recalled_before_the_web_asked_again,
    read_and_acknowledged, recalled_unread, replaced, read_between_two_tries_to_replace, guessed,
    extended, a_doubtful_claim_that_came_to_nothing,
]  # fmt: skip


@pytest.mark.parametrize("story", GOOD)
def test_allowed_histories_break_no_rule(story: Callable[[], Story]) -> None:
    assert [found.what for found in story().found()] == []


BAD: dict[str, Bad] = {}
breaks = keeper(BAD)


@breaks("answers_are_of_the_api", "status was answered 404")
def a_message_that_was_sent_is_not_found(s):
    s.add("status", 404)


@breaks("answers_are_of_the_api", "recall was answered 500")
def a_fault_of_ours(s):
    s.add("recall", 500)


@breaks("answers_are_of_the_api", "may not acknowledge")
def a_reader_with_the_text_may_not_acknowledge(s):
    s.text("ana")
    s.acknowledge("ana", 404)


@breaks("views_are_for_one_reader_each", "2 readers got its text")
def two_readers_get_one_view(s):
    s.text("ana")
    s.text("ben")


@breaks("readers_get_the_text_that_is_there", "two texts")
def two_readers_get_different_texts(s):
    s.views = s.ops[0].given["views"] = 2
    s.lost("replace", given={"text": "second"})
    s.text("ana")
    s.text("ben", "second")


@breaks("readers_get_the_text_that_is_there", "showed version 1, which was replaced")
def a_text_that_was_replaced_is_read(s):
    s.replace()
    s.text("ana")


@breaks("readers_get_the_text_that_is_there", "replaced after it had been read")
def a_text_is_replaced_after_it_was_read(s):
    s.text("ana")
    s.replace()


@breaks("readers_get_the_text_that_is_there", "nobody had sent")
def a_text_nobody_sent(s):
    s.text("ana", "what?")


@breaks("readers_get_the_text_that_is_there", "wrong passphrase")
def a_wrong_passphrase_opens(s):
    s.text("ana", given={"passphrase": "wrong"})


@breaks("verdicts_are_true", "after it was recalled")
def a_text_after_an_answered_recall(s):
    s.recall("recalled_after_read", 0)
    s.text("ana")


@breaks("verdicts_are_true", "somebody got its text")
def recalled_unread_though_somebody_had_read_it(s):
    s.text("ana")
    s.recall("recalled_unread")


@breaks("verdicts_are_true", "and then")
def a_verdict_changes(s):
    s.recall("recalled_unread")
    s.recall("recalled_unread", at="later")


@breaks("verdicts_are_true", "knows of 1 reveals")
def a_verdict_knows_fewer_reveals_than_there_were(s):
    s.views = s.ops[0].given["views"] = 3
    s.text("ana", state="read")
    s.text("ben", state="read")
    s.recall("recalled_after_read", 1)


@breaks("verdicts_are_true", "knows of 1 reveals")
def a_verdict_knows_reveals_that_nobody_asked_for(s):
    s.recall("already_spent", 1)


@breaks("states_only_go_on", "then preview told sealed")
def what_a_status_told_as_recalled_is_sealed_later(s):
    s.event("link.recalled", 0, "r", outcome="recalled_unread").status("recalled")
    s.add("preview", 200, told={"state": "sealed"})


@breaks("states_only_go_on", "then somebody new read it")
def a_failed_recall_told_as_done_opens_for_somebody(s):
    s.lost("recall")
    s.gone("ana", "recalled")
    s.text("ben")


@breaks("states_only_go_on", "then reveal told recalled")
def what_was_spent_is_recalled_later(s):
    s.gone("ana", "spent")
    s.gone("ben", "recalled")


@breaks("leases_hold", "within the lease")
def a_reader_loses_its_view_within_the_lease(s):
    s.text("ana")
    s.gone("ana", "spent")


@breaks("leases_hold", "and then got its text")
def a_reader_gets_the_text_after_it_was_told_that_it_is_gone(s):
    s.lost(reader="ana")
    s.gone("ana", "spent")
    s.text("ana")


@breaks("leases_hold", "ended its lease")
def a_reader_gets_the_text_after_it_ended_its_lease(s):
    s.text("ana")
    s.acknowledge("ana", keep=False)
    s.text("ana")


@breaks("tries_never_come_back", "came back")
def a_try_comes_back(s):
    s.wrong("eve", 1)
    s.wrong("eve", 2)


@breaks("tries_never_come_back", "told [1, 1]")
def two_tries_cost_one(s):
    s.wrong("eve", 1)
    s.wrong("eve", 1)


@breaks("only_grow", "had 2 events, then 1")
def a_timeline_loses_an_event(s):
    s.text("ana")
    s.event("link.revealed", 0, view=1).status()
    s.events.pop()
    s.status()


@breaks("only_grow", "disagree")
def two_timelines_disagree(s):
    s.event("link.revealed", 0, view=1).status()
    s.events.pop()
    s.event("link.recalled", 0, "r", outcome="recalled_unread").event("more", 0).status()


@breaks("agree_with_themselves", "is spent, by its events sealed")
def a_deed_without_its_event(s):
    s.text("ana")
    s.status("spent")


@breaks("agree_with_themselves", "is sealed, by its events spent")
def an_event_without_its_deed(s):
    s.event("link.revealed", 0, view=1).status("sealed")


@breaks("agree_with_themselves", "expires at another time")
def an_expiry_that_is_not_the_last_ones(s):
    s.event("message.extended", **{"from": 1, "to": 2}).status(expires_at=3)


@breaks("agree_with_themselves", "had the tries [1]")
def a_try_that_is_skipped(s):
    s.ops[0].given["tries"] = 3
    s.event("link.passphrase_wrong", 0, tries_left=1).status()


@breaks("agree_with_themselves", "the acknowledgements [1]")
def an_acknowledgement_of_a_view_that_nobody_has(s):
    s.event("link.acknowledged", 0, view=1).status()


@breaks("hold_every_deed", "link.revealed of link 0 is missing")
def a_reveal_is_missing(s):
    s.text("ana")
    s.status("sealed")


@breaks("hold_every_deed", "link.acknowledged of link 0 is missing")
def an_acknowledgement_is_missing(s):
    s.text("ana")
    s.acknowledge("ana")
    s.event("link.revealed", 0, view=1).status()


@breaks("hold_every_deed", "its timeline says []")
def a_recall_is_missing(s):
    s.recall("recalled_unread")
    s.status()


@breaks("hold_every_deed", "not in the timeline once as message.replaced")
def a_replace_is_missing(s):
    s.replace()
    s.status()


@breaks("hold_every_deed", "an extend is not")
def an_extend_is_missing(s):
    s.status(verb="extend", given={"expires_in": 60})
    s.status()


@breaks("hold_every_deed", "not in the timeline once")
def a_wrong_passphrase_is_missing(s):
    s.wrong("eve", 2)
    s.status()


@breaks("hold_no_more_than_was_done", "2 times link.revealed")
def a_reveal_twice_for_one_reader(s):
    s.views = s.ops[0].given["views"] = 2
    s.text("ana", state="read")
    s.event("link.revealed", 0, view=1).event("link.revealed", 0, view=2).status()


@breaks("hold_no_more_than_was_done", "by 0 readers")
def a_view_spent_by_a_reader_who_was_refused(s):
    s.lost(reader="ana")
    s.gone("ana", "spent")
    s.event("link.revealed", 0, view=1).status()


@breaks("hold_no_more_than_was_done", "nobody asked for it")
def a_recall_that_nobody_asked_for(s):
    s.event("link.recalled", 0, "r", outcome="recalled_unread").status("recalled")


@breaks("hold_no_more_than_was_done", "is there twice")
def an_expiry_twice(s):
    s.event("link.expired", 0).event("link.expired", 0).status("expired")


@breaks("hold_no_more_than_was_done", "message.replaced is there more often")
def a_replace_twice(s):
    s.replace()
    for version in (2, 3):
        s.event("message.replaced", version=version).event("link.replaced", 0, version=version)
    s.status()


@breaks("hold_no_more_than_was_done", "more than were given")
def more_wrong_passphrases_than_were_given(s):
    s.ops[0].given["tries"] = 3
    s.event("link.passphrase_wrong", 0, tries_left=2).status()


@breaks("verdicts_are_true", "judged other links")
def a_recall_judges_a_link_that_it_was_not_asked_for(s):
    s.recall("recalled_unread").given["links"] = []


@breaks("verdicts_are_true", "is already_spent with 0 reveals")
def a_link_is_spent_that_nobody_read(s):
    s.recall("already_spent", 0)


@breaks("verdicts_are_true", "is recalled_after_read with 0 reveals")
def recalled_after_read_though_nobody_read_it(s):
    s.recall("recalled_after_read", 0)


@breaks("states_only_go_on", "then status told sealed")
def a_refused_recall_that_was_seen_to_have_happened_is_undone(s):
    """Issue 9, A.2: the look wrote nothing, so nobody waited for the replicas."""
    s.lost("recall")
    s.event("link.recalled", 0, "r", outcome="recalled_unread").status("recalled")
    s.events.pop()
    s.status()


@breaks("only_grow", "had 2 events, then 1")
def a_refused_extend_that_was_seen_to_have_happened_is_undone(s):
    s.lost("extend", given={"expires_in": 600})
    s.event("message.extended", **{"from": 1, "to": LATE}).status()
    s.events.pop()
    s.status()


@breaks("hold_no_more_than_was_done", "by 0 readers at the most")
def a_view_is_spent_by_a_claim_that_was_refused_before_the_recall(s):
    s.gone("ana", "spent")
    s.recall("already_spent", 1)
    s.event("link.revealed", 0, view=1).event("link.recalled", 0, "r", outcome="already_spent")
    s.status("spent")


@breaks("agree_with_themselves", "numbers of events have gaps")
def an_event_is_left_out(s):
    s.event("link.revealed", 0, view=1).event("link.acknowledged", 0, view=1)
    del s.events[1]
    s.status()


@breaks("agree_with_themselves", "moved from where it was not")
def an_extend_between_two_is_left_out(s):
    s.event("message.extended", **{"from": 1, "to": 2})
    s.event("message.extended", **{"from": 3, "to": LATE}).status()


@breaks("agree_with_themselves", "has 2 reveals and the events [1, 3]")
def a_view_is_left_out(s):
    s.views = s.ops[0].given["views"] = 3
    s.event("link.revealed", 0, view=1).event("link.revealed", 0, view=3).status()


@pytest.mark.parametrize("name", BAD)
def test_forbidden_histories_are_found(name: str) -> None:
    rule, words, tell = BAD[name]
    story = Story()
    tell(story)

    assert any(words in found.what for found in story.found() if found.rule == rule)


def test_every_rule_has_a_history_that_breaks_it() -> None:
    rules = {rule.__name__ for rule in RULES if rule.__module__ != second_thoughts.__name__}

    assert {rule for rule, *_ in BAD.values()} == rules


def test_a_violation_shows_the_history_of_its_message() -> None:
    story = Story()
    story.text("ana")
    story.text("ben")
    found = next(v for v in story.found() if v.rule.startswith("views"))
    shown = found.life.show().splitlines()

    assert "2 readers" in found.what
    assert len(shown) == 3
    assert "reveal link 0 by ben" in shown[2]


def test_a_message_whose_sender_knows_no_link_is_not_judged() -> None:
    assert lives([Op("send", 1, 1.0, 2.0, status=503)]) == []
