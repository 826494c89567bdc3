"""What pages say of rules: what will happen, what happened, and when it was late."""

from dataclasses import replace

import pytest

from restante.messages import Event, Outcome, State
from tests.webapp.test_control_view import AT, READ, RECALLED, SEALED, build, english
from webapp.sender import link_view
from webapp.texts import events, states

__all__ = ["english"]
LATER = AT + 60_000


def said(kind, **facts):
    return str(events.event(Event(2, kind, AT, None, facts)))


@pytest.mark.parametrize(
    ("link", "told"),
    [(SEALED, True), (replace(SEALED, state=State.HELD), True), (READ, False), (RECALLED, False)],
)
def test_a_page_says_what_rules_will_do_while_a_link_is_unread(link, told):
    text = build(link, tell_at=AT - 2, recall_at=AT - 1).text

    assert ("this page says so" in text) == ("it is taken back" in text) == told


def test_a_rule_after_the_expiry_is_not_announced():
    assert "If nobody opens it" not in build(SEALED, tell_at=AT, recall_at=AT + 1).text


def test_a_link_says_that_it_was_unread_until_it_is_opened():
    unread = replace(SEALED, unread_at=AT)
    for link, is_said in ((unread, True), (replace(READ, unread_at=AT), False), (SEALED, False)):
        [view] = build(link, views=2).links

        assert any("Nobody had opened it by" in one for one in view.times) == is_said


def test_a_recall_by_a_rule_is_not_said_to_be_by_hand():
    ruled = replace(RECALLED, by_rule=True)
    views = [link_view._recalled(one) for one in (ruled, RECALLED)]

    assert views == ["Your rule recalled it on %(time)s.", "Recalled on %(time)s."]
    assert states.link(ruled).startswith("Your rule took it back.")
    assert states.link(RECALLED) == "Nobody has read it. It can no longer be read."


def test_events_of_rules_say_when_they_are_late():
    by_rule = {"outcome": Outcome.RECALLED_UNREAD, "by": "rule"}
    texts = [
        said("link.unread", told_at=AT),
        said("link.unread", told_at=LATER),
        said("link.recalled", told_at=LATER - 1, **by_rule),
        said("link.recalled", told_at=LATER, **by_rule),
    ]

    assert ["noted late, on <time" in text for text in texts] == [False, True, False, True]
    assert texts[2] == "Recalled by a rule, before anybody read it"


def test_a_change_of_rules_names_those_that_are_left():
    told = [
        said("message.rules_changed", **facts)
        for facts in (
            {"tell_unread_at": AT, "recall_unread_at": AT},
            {"tell_unread_at": AT},
            {"recall_unread_at": AT},
            {},
        )
    ]

    assert [text.count("<time") for text in told] == [2, 1, 1, 0]
    assert told[3] == "Rules removed"
