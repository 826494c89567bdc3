"""The control page as a value: from a message's status and a refusal to what the page shows."""

from dataclasses import replace

import pytest
from flask import Flask

from restante import i18n
from restante.crypto.tokens import LinkToken
from restante.details import Details
from restante.errors import Fault, Gone, Invalid, TooLarge, Unavailable
from restante.messages import Event, Outcome, State
from restante.reports import LinkStatus, Status
from webapp.http.errors import BudgetSpent, RateLimited
from webapp.http.i18n import CHOICE
from webapp.sender import control_view

AT = 1_790_000_000_000
SEALED = LinkStatus(
    link_id=bytes(16),
    recipient="Ana",
    token=LinkToken(0, bytes(24)),
    state=State.SEALED,
    views_left=1,
    reveals=0,
    first_revealed_at=None,
    last_revealed_at=None,
    acknowledged_at=None,
)
READ = replace(SEALED, state=State.READ, reveals=1, first_revealed_at=AT, last_revealed_at=AT)
SPENT = replace(READ, state=State.SPENT, views_left=0)
RECALLED = replace(
    SEALED, state=State.RECALLED, outcome=Outcome.RECALLED_UNREAD, ended_at=AT, recalled_at=AT
)
LOCKED = replace(SEALED, state=State.LOCKED, ended_at=AT)


@pytest.fixture(autouse=True)
def english():
    app = Flask(__name__)
    app.extensions[CHOICE] = lambda: i18n.spoken("en")
    with app.app_context():
        yield


def build(
    *links,
    error=None,
    asks_all=False,
    views=1,
    paused_at=None,
    tell_at=None,
    recall_at=None,
    events=(),
    **details,
):
    status = Status(
        message_id=bytes(16),
        details=Details(**details),
        views=views,
        needs_passphrase=False,
        sent_at=AT,
        opens_at=AT,
        expires_at=AT,
        version=1,
        links=links,
        events=events,
        looks=(),
        at=AT,
        paused_at=paused_at,
        tell_at=tell_at,
        recall_at=recall_at,
    )
    return control_view.build(status, error, asks_all=asks_all)


@pytest.mark.parametrize(
    ("links", "open_links", "switch_form", "is_prevented"),
    [
        ([SEALED], 1, "replacing", False),
        ([READ], 1, "recalling", False),
        ([SPENT], 0, None, False),
        ([RECALLED], 0, None, True),
        ([RECALLED, replace(RECALLED, reveals=1)], 0, None, False),
        ([SPENT, SEALED], 1, "replacing", False),
    ],
)
def test_what_can_be_done_follows_from_the_links(links, open_links, switch_form, is_prevented):
    view = build(*links)

    assert (view.open_links, view.switch_form) == (open_links, switch_form)
    assert view.can_replace == (switch_form == "replacing")
    assert view.is_prevented is is_prevented
    assert view.title == view.headline


def test_the_first_unread_link_is_to_be_copied_first():
    other = replace(SEALED, recipient="Bob")

    assert build(SPENT, other, SEALED).copied_first is other
    assert build(READ).copied_first is None


@pytest.mark.parametrize(
    ("error", "title", "heading"),
    [
        (Unavailable(), "Not confirmed yet", "cannot confirm"),
        (RateLimited(), "Nothing was changed yet", "asked too often"),
        (BudgetSpent(60), "Nothing was changed yet", "as much as it may for today"),
        (Gone("spent"), "Nothing was changed yet", "ended already"),
        (TooLarge(5), "Nothing was changed yet", "Nothing was changed"),
        (Invalid([Fault("reason", "x")]), "Nothing was changed yet", "Nothing was changed"),
    ],
)
def test_a_refusal_has_its_title_and_its_notice(error, title, heading):
    view = build(SEALED, error=error)

    assert view.title == title
    assert heading in view.notice.heading


@pytest.mark.parametrize(
    ("error", "field"),
    [
        (TooLarge(5), "text"),
        (Invalid([Fault("expires_in", "x")]), "expires_in"),
        (Invalid([Fault("reason", "x")]), "reason"),
    ],
)
def test_a_fault_stands_beside_its_field(error, field):
    view = build(SEALED, error=error)

    assert list(view.faults) == [field]
    assert "marked below" in view.notice.text


def test_a_fault_of_the_whole_form_is_the_notice():
    view = build(SEALED, error=Invalid([Fault("form", "stale")]))

    assert view.notice.text == view.faults["form"]


@pytest.mark.parametrize(
    ("links", "headings", "recipients"),
    [
        ([SEALED], [], []),
        ([replace(LOCKED, disputes=1, disputed_at=AT)], ["Somebody else may have the"], ["Ana"]),
        (
            [
                replace(SPENT, disputes=1, disputed_at=AT),
                replace(LOCKED, disputes=1, disputed_at=AT + 1, recipient="Bob"),
            ],
            ["Somebody else may have read"],
            ["Ana"],
        ),
        (
            [
                replace(SPENT, disputes=1, disputed_at=AT + 1),
                replace(SPENT, disputes=1, disputed_at=AT, recipient="Bob"),
                replace(SPENT, disputes=1, recipient="Clara"),
            ],
            ["Somebody else may have read"],
            ["Ana"],
        ),
        (
            [
                replace(SPENT, disputes=1, disputed_at=AT),
                replace(SEALED, declines=1, declined_at=AT, recipient="Bob"),
            ],
            ["Somebody else may have read", "wrong person"],
            ["Ana", "Bob"],
        ),
    ],
)
def test_alarms_name_the_link_of_the_latest_word_and_reads_come_first(links, headings, recipients):
    alarms = build(*links).alarms

    assert [alarm.recipient for alarm in alarms] == recipients
    for alarm, heading in zip(alarms, headings, strict=True):
        assert heading in alarm.heading


def test_who_was_sent_the_wrong_link_is_worth_a_recall_only_while_something_is_open():
    declined = {"declines": 1, "declined_at": AT}

    assert "take it back" in build(replace(SEALED, **declined)).alarms[0].text
    assert "take it back" not in build(replace(SPENT, **declined)).alarms[0].text


@pytest.mark.parametrize(
    ("link", "views", "times"),
    [
        (SEALED, 1, []),
        (SEALED, 3, ["Views left: 1 of 3."]),
        (SPENT, 3, ["Shown on"]),
        (replace(READ, reveals=2), 3, ["First shown on", "Views left: 1 of 3."]),
        (replace(SPENT, confirmed_at=AT, on_screen_seconds=70), 1, ["Shown", "“I have", "On scr"]),
        (RECALLED, 1, ["Recalled on"]),
        (replace(SPENT, recalled_at=AT, outcome=Outcome.ALREADY_SPENT), 1, ["Shown", "The recall"]),
        (LOCKED, 1, ["Ended on"]),
        (replace(SPENT, ended_at=AT), 1, ["Shown on"]),
    ],
)
def test_a_link_says_when_what_happened(link, views, times):
    found = build(link, views=views).links[0].times

    for said, expected in zip(found, times, strict=True):
        assert said.startswith(expected)


def test_what_is_known_of_one_link_among_several_stands_beside_it():
    assert build(SEALED).links[0].said == ()
    assert build(SPENT).links[0].said == ("Released; no browser confirmed that it arrived.",)
    assert build(SEALED, SPENT).links[0].said == ("Nobody has opened it.",)
    assert build(replace(SPENT, acknowledged_at=AT)).links[0].said == ()
    assert "arrived" in build(replace(SPENT, acknowledged_at=AT)).links[0].times[1]


def test_what_the_headline_says_of_an_only_link_is_not_said_again_beside_it():
    late = replace(SPENT, outcome=Outcome.ALREADY_SPENT, acknowledged_at=AT)
    not_needed = replace(LOCKED, outcome=Outcome.ALREADY_LOCKED)

    assert build(late).headline not in build(late).links[0].said
    assert build(late).headline in build(late, SEALED).links[0].said
    assert build(not_needed).links[0].said == ("The recall was not needed: it had been locked.",)


@pytest.mark.parametrize(
    ("types", "latest"),
    [
        (["message.sent"], None),
        (["message.sent", "link.revealed", "link.acknowledged"], "link.revealed"),
        (["link.revealed", "link.recalled"], "link.recalled"),
        (["link.revealed", "message.paused"], "message.paused"),
    ],
)
def test_the_latest_is_what_a_sender_wants_to_know_and_not_what_only_follows(types, latest):
    events = tuple(
        Event(number, of, AT, SEALED.link_id, {"view": 1}) for number, of in enumerate(types, 1)
    )

    found = build(SEALED, READ, events=events).latest
    assert (found and found.event.type) == latest
    if latest == "message.paused":
        assert build(SEALED, READ, events=events, paused_at=AT).latest is None


@pytest.mark.parametrize(
    ("links", "has_report", "may_change"),
    [
        ([SEALED], False, True),
        ([SEALED, READ], True, True),
        ([SPENT], True, True),
        ([RECALLED], True, False),
        ([LOCKED, SEALED], True, True),
    ],
)
def test_a_report_and_notifications_are_offered_where_they_can_tell_something(
    links, has_report, may_change
):
    view = build(*links)

    assert (view.has_report, view.may_change) == (has_report, may_change)


@pytest.mark.parametrize(
    ("link", "options", "words"),
    [
        (SEALED, {}, "It waits until"),
        (replace(SEALED, state=State.HELD), {}, "It opens on"),
        (SEALED, {"always_asks": True}, "type a number first"),
        (SEALED, {"asks_all": True}, "type a number first"),
        (SEALED, {"mailed_code": True}, "mailed a code first"),
        (SPENT, {"asks_all": True}, "There is nothing left to do."),
    ],
)
def test_the_page_says_how_long_it_waits_and_what_readers_are_asked(link, options, words):
    text = build(link, **options).text

    assert words in text
    assert ("number" in text) == ("number" in words)


@pytest.mark.parametrize(
    ("links", "headline"),
    [
        ([SEALED], "It is paused. Nobody has opened it."),
        ([replace(SEALED, state=State.HELD)], "It is paused. Nobody has opened it."),
        ([READ], "It is paused. It was opened before."),
        ([READ, SEALED], "It is paused. 1 of 2 links opened before."),
    ],
)
def test_a_paused_message_says_so_and_what_a_pause_does_not_change(links, headline):
    view = build(*links, paused_at=AT)
    whole = " ".join(
        [view.headline, view.text, *(said for link in view.links for said in link.said)]
    )

    assert view.headline == headline
    assert "Paused on" in view.text
    assert "It still expires on" in view.text
    assert ("what was shown cannot be unshown" in view.text) == any(its.reveals for its in links)
    assert "can be opened again" not in whole
