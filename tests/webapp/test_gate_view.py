"""The gate as a value: from what was tried and what the store says to what the page shows."""

from dataclasses import replace
from html.parser import HTMLParser

import pytest
from flask import Flask

from restante import i18n
from restante.crypto.tokens import LinkToken
from restante.details import Details
from restante.errors import (
    CodeRequired,
    CodesUsedUp,
    CodeWrong,
    Invalid,
    PassphraseRequired,
    PassphraseWrong,
)
from restante.messages import State
from restante.reports import Preview, Requested
from webapp.app import create_app
from webapp.http import pages
from webapp.http.i18n import CHOICE
from webapp.recipient import gate_view
from webapp.recipient.bot_signals import Why
from webapp.recipient.gate import Form
from webapp.recipient.gate_view import LOOKED, Attempt, GateView, Step

AT = 1_790_000_000_000
PLAIN, NUMBERED = Form("reader", carried=False, ticket="t"), Form("reader", False, "t", "472")  # noqa: FBT003 (short in a table)
SEALED = Preview(
    state=State.SEALED,
    details=Details(sender_name="Zoë", subject="The safe"),
    opens_at=AT,
    expires_at=AT + 3_600_000,
    views_left=1,
    needs_passphrase=False,
    at=AT,
    ordinal=0,
)
WITH_PASSPHRASE = replace(SEALED, needs_passphrase=True)
WITH_CODE = replace(WITH_PASSPHRASE, needs_code=True)
LEASED = replace(WITH_CODE, state=State.SPENT, lease_until=AT + 60_000)
LEASED = replace(LEASED, held=1, reveals=1, last_revealed_at=AT)
SPENT = replace(SEALED, state=State.SPENT, views_left=0, reveals=1, last_revealed_at=AT)
HELD = replace(SEALED, state=State.HELD)


@pytest.fixture
def english():
    app = Flask(__name__)
    app.extensions[CHOICE] = lambda: i18n.spoken("en")
    with app.app_context():
        yield


def build(attempt=LOOKED, seen=SEALED, form=PLAIN, asks=None, *, is_own=False):
    return gate_view.build(attempt, seen, form, asks=asks, is_own=is_own)


STEPS = {
    "sealed": (LOOKED, SEALED, PLAIN, Step.OPEN, "A message is waiting"),
    "with a passphrase": (LOOKED, WITH_PASSPHRASE, PLAIN, Step.OPEN, "A message is waiting"),
    "asked for a number from the first": (
        LOOKED, SEALED, NUMBERED, Step.OPEN, "A message is waiting"),
    "expired form": (Attempt(why=Why.AGAIN), SEALED, PLAIN, Step.OPEN, "A message is waiting"),
    "stopped": (Attempt(why=Why.QUICK), SEALED, NUMBERED, Step.OPEN, "One more step"),
    "wrong number": (Attempt(why=Why.NUMBER), SEALED, NUMBERED, Step.OPEN, "Not opened yet"),
    "wrong passphrase": (
        Attempt(error=PassphraseWrong(2)), WITH_PASSPHRASE, PLAIN, Step.OPEN, "Not opened yet"),
    "a code is needed": (LOOKED, WITH_CODE, PLAIN, Step.ASK_CODE, "A message is waiting"),
    "stopped before a code": (
        Attempt(why=Why.WATCHED), WITH_CODE, NUMBERED, Step.ASK_CODE, "One more step"),
    "has a code": (Attempt(has_code=True), WITH_CODE, PLAIN, Step.TYPE_CODE, "Type the code"),
    "wrong code": (
        Attempt(has_code=True, error=CodeWrong(1)), WITH_CODE, PLAIN, Step.TYPE_CODE,
        "Not opened yet"),
    "a code that is not needed": (
        Attempt(has_code=True), SEALED, PLAIN, Step.OPEN, "A message is waiting"),
    "leased": (LOOKED, LEASED, PLAIN, Step.AGAIN, "You opened this message"),
    "leased, wrong passphrase": (
        Attempt(error=PassphraseWrong(2)), LEASED, PLAIN, Step.AGAIN, "You opened this message"),
    "leased, by a number": (LOOKED, LEASED, NUMBERED, Step.OPEN, "A message is waiting"),
    "held": (LOOKED, HELD, PLAIN, Step.HELD, ""),
    "paused": (LOOKED, replace(SEALED, paused=True), PLAIN, Step.PAUSED, ""),
    "paused while held": (LOOKED, replace(HELD, paused=True), PLAIN, Step.PAUSED, ""),
    "leased while paused": (
        LOOKED, replace(LEASED, paused=True), PLAIN, Step.AGAIN, "You opened this message"),
    "ended while paused": (LOOKED, replace(SPENT, paused=True), PLAIN, Step.ENDED, ""),
    "spent": (LOOKED, SPENT, PLAIN, Step.ENDED, ""),
    "wrong passphrase, the last": (
        Attempt(error=PassphraseWrong(0)), replace(SPENT, state=State.LOCKED), PLAIN, Step.ENDED,
        ""),
}  # fmt: skip


@pytest.mark.parametrize("case", STEPS)
def test_each_state_has_its_step_and_title(english, case):
    attempt, seen, form, step, title = STEPS[case]
    view = build(attempt, seen, form)

    assert (view.step, view.title) == (step, title)


class Forms(HTMLParser):
    """Where a page's forms lead."""

    def __init__(self):
        super().__init__()
        self.actions = []

    def handle_starttag(self, tag, attrs):
        if tag == "form":
            self.actions.append(dict(attrs)["action"])


def test_every_step_has_a_template_that_prints_it(house):
    link = str(LinkToken(0, bytes(24)))
    app = create_app(house)
    lead_to = {}
    for attempt, seen, form, step, title in STEPS.values():
        with app.test_request_context(f"/m/{link}"):
            view = build(attempt, seen, form)
            page = pages.render(view.template, view=view, token=link)
        forms = Forms()
        forms.feed(page)
        lead_to[step] = forms.actions[:1]

        assert title in page
        assert ('id="wanted"' in page) == (form is NUMBERED)

    opens, asks = [f"/m/{link}"], [f"/m/{link}/code"]
    assert lead_to == {
        Step.OPEN: opens,
        Step.ASK_CODE: asks,
        Step.TYPE_CODE: opens,
        Step.AGAIN: opens,
        Step.HELD: [],
        Step.PAUSED: [],
        Step.ENDED: [f"/m/{link}/dispute"],
    }
    assert set(lead_to) == set(Step), "a step that no state leads to"


@pytest.mark.parametrize(
    ("error", "field", "words"),
    [
        (PassphraseWrong(1), "passphrase", "One try is left"),
        (PassphraseWrong(3), "passphrase", "3 tries are left"),
        (PassphraseRequired(), "passphrase", "Type the passphrase first"),
        (Invalid([]), "passphrase", "Type the passphrase first"),
        (CodeWrong(1), "code", "One try is left"),
        (CodeWrong(2), "code", "2 tries are left"),
        (CodeRequired(), "code", "no longer valid"),
    ],
)
def test_a_refusal_stands_beside_its_field(english, error, field, words):
    view = build(Attempt(error=error, has_code=True), WITH_CODE)

    assert list(view.faults) == [field]
    assert words in view.faults[field]
    assert view.error is error


@pytest.mark.parametrize(
    ("seen", "attempt", "passphrase", "traps"),
    [
        (SEALED, LOOKED, False, True),
        (WITH_PASSPHRASE, LOOKED, True, True),
        (WITH_CODE, LOOKED, False, True),
        (WITH_CODE, Attempt(has_code=True), True, True),
        (LEASED, LOOKED, True, False),
    ],
)
def test_a_step_asks_for_what_its_button_needs(english, seen, attempt, passphrase, traps):
    view = build(attempt, seen)

    assert (view.asks_passphrase, view.has_traps) == (passphrase, traps)
    assert view.keeps_typed == seen.needs_passphrase


REQUESTED, REPEATED = Requested(AT, AT, fresh=True), Requested(AT, AT, fresh=False)
NOTICES = [
    (Attempt(why=Why.AGAIN), SEALED, False, [("This page has expired", None)]),
    (Attempt(why=Why.AGAIN), LEASED, False, []),
    (LOOKED, SEALED, True, [("This is your own link", None)]),
    (LOOKED, LEASED, True, []),
    (Attempt(requested=REQUESTED), WITH_CODE, False, [("A code is on its way", "status")]),
    (Attempt(requested=REPEATED), WITH_CODE, False, [("A code was asked for less", "status")]),
    (Attempt(error=CodesUsedUp()), WITH_CODE, False, [("No more codes", "alert")]),
    (Attempt(why=Why.AGAIN, error=CodesUsedUp()), WITH_CODE, True,
     [("This page has expired", None), ("No more codes", "alert"), ("This is your own", None)]),
]  # fmt: skip


@pytest.mark.parametrize(("attempt", "seen", "is_own", "expected"), NOTICES)
def test_notices_say_what_happened_before(english, attempt, seen, is_own, expected):
    notices = build(attempt, seen, is_own=is_own).notices

    assert [notice.role for notice in notices] == [role for _, role in expected]
    for notice, (words, _) in zip(notices, expected, strict=True):
        assert words in notice.text


@pytest.mark.parametrize(
    ("why", "asks", "hint"),
    [
        (None, None, None),
        (None, Why.WATCHED, "A machine looked at this link a few minutes ago"),
        (None, Why.NETWORK, "Your network"),
        (None, Why.MACHINE, "calls itself a program"),
        (None, Why.ALWAYS, "Everybody is asked for it here"),
        (Why.AGAIN, Why.WATCHED, "A machine looked at this link a few minutes ago"),
        (Why.WATCHED, Why.WATCHED, None),
        (Why.NETWORK, Why.NETWORK, None),
        (Why.ALWAYS, Why.ALWAYS, "Everybody is asked for it here"),
    ],
)
def test_why_a_number_is_asked_for_stands_on_the_page_once(english, why, asks, hint):
    """Above, if the press was stopped; else beside the field."""
    view = build(Attempt(why=why), form=NUMBERED, asks=asks)

    assert (hint is None) == (view.number.hint is None)
    assert (hint or "") in (view.number.hint or "")
    assert (view.challenge is not None) == (why not in {None, Why.AGAIN})


@pytest.mark.parametrize("why", [why for why in Why if why is not Why.AGAIN])
def test_every_sign_of_a_robot_asks_for_a_number_and_says_why(english, why):
    view = build(Attempt(why=why), form=NUMBERED, asks=why)

    assert view.challenge
    assert view.number.digits == "472"
    assert view.typed_number is None
    assert (view.number.fault is not None) == (why is Why.NUMBER)


def test_a_number_that_was_right_stays(english):
    view = build(Attempt(error=PassphraseWrong(2), form=NUMBERED), WITH_PASSPHRASE, NUMBERED)

    assert view.typed_number == "472"
    assert (view.challenge, view.has_traps) == (None, False)


@pytest.mark.parametrize(
    ("changed", "is_own", "may_dispute"),
    [
        ({"state": State.SPENT, "reveals": 1}, False, True),
        ({"state": State.SPENT, "reveals": 1}, True, False),
        ({"state": State.SPENT, "reveals": 1, "held": 1}, False, False),
        ({"state": State.LOCKED, "reveals": 0}, False, True),
        ({"state": State.EXPIRED, "reveals": 0}, False, False),
        ({"state": State.RECALLED, "reveals": 0}, False, False),
        ({"state": State.RECALLED, "reveals": 2}, False, True),
    ],
)
def test_who_did_not_open_an_ended_link_may_say_so(english, changed, is_own, may_dispute):
    view = build(seen=replace(SPENT, **changed), is_own=is_own)

    assert view.may_dispute is may_dispute
    assert view.error.state == view.ending.state == changed["state"]


@pytest.mark.parametrize(
    ("changed", "heading", "words"),
    [
        ({"state": State.RECALLED, "reason": "<i>"}, "The sender took this message back.", "<time"),
        ({"state": State.EXPIRED}, "This message has expired.", "It ended on"),
        (
            {"state": State.EXPIRED, "ended_at": None},
            "This message has expired",
            "The link does not open",
        ),
        ({"state": State.LOCKED}, "This message is locked for good.", "the last on"),
        ({"state": State.LOCKED, "ended_at": None}, "This message is locked", "tries were made. "),
        ({"held": 1}, "You opened this message.", "in this browser."),
        ({"held": 1, "reveals": 2}, "You opened this message.", "That was in this browser."),
        ({}, "This message has been opened.", "someone who had this link"),
    ],
)
def test_an_end_says_what_happened(english, changed, heading, words):
    view = build(seen=replace(SPENT, **({"ended_at": AT} | changed)))

    assert heading in view.ending.heading
    assert words in view.ending.text
    assert view.ending.sender_name == ("Zoë" if "reason" in changed else None)
    assert view.ending.reason == changed.get("reason")


def test_a_refused_reveal_of_a_held_link_tells_when_it_opens():
    view = GateView(step=Step.HELD, opens_at=AT)

    assert (view.template, view.preview) == ("recipient/gate/held.html", None)
