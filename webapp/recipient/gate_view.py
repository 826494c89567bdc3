"""The view model of the gate: which page a link shows, and everything on that page.

One function builds it from the visitor's attempt and the link's preview.  The templates print it
and decide nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, NamedTuple

from restante.errors import CodesUsedUp, Gone
from restante.messages import State
from webapp.http.i18n import gettext, html
from webapp.recipient import challenge, gate_faults
from webapp.recipient.bot_signals import Why
from webapp.texts import endings
from webapp.texts.formatting import moment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from restante.errors import RestanteError
    from restante.reports import Preview, Requested
    from webapp.recipient.challenge import Number
    from webapp.recipient.gate import Form
    from webapp.texts.endings import Ending


class Step(StrEnum):
    """Which page a link shows: `templates/recipient/gate/<step>.html`."""

    OPEN = "open"
    ASK_CODE = "ask_code"
    """A mailed code is needed, and none was requested yet."""
    TYPE_CODE = "type_code"
    AGAIN = "again"
    """This browser opened the message and can show it again."""
    HELD = "held"
    PAUSED = "paused"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What a visitor tried, and the result; empty if the visitor only looks.

    Attributes:
        why: Why the gate did not accept the form.
        error: Why the store refused.
        form: The form to continue with: its number was typed correctly.
        typed: The text that stays in the fields.
        has_code: Show the field for the mailed code, not the button that requests one.
        requested: The mailed code that was just requested.
    """

    why: Why | None = None
    error: RestanteError | None = None
    form: Form | None = None
    typed: Mapping[str, str] = field(default_factory=dict)
    has_code: bool = False
    requested: Requested | None = None

    def without(self, name: str) -> Attempt:
        """Return the attempt with one field emptied, since it must be typed again."""
        return replace(self, typed={n: typed for n, typed in self.typed.items() if n != name})


LOOKED = Attempt()


class Notice(NamedTuple):
    """A sentence above the form; *role* says how a screen reader announces it."""

    text: str
    role: Literal["alert", "status"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GateView:
    """What a link's page shows.

    Attributes:
        form: The hidden fields of the page's forms.
        error: The error that gives the response its status.
        challenge: The reason for a challenge after the button was pressed.
        faults: What is wrong with each field, by its name.
        asks_passphrase: The form has a field for the passphrase.
        keeps_typed: The language switch sends the form, so that typed text is kept.
        has_traps: The form has the honeypot and the other fields for bot signals.
        may_dispute: Another browser opened the link or used up its tries.
    """

    step: Step
    preview: Preview | None = None
    opens_at: int = 0
    form: Form | None = None
    error: RestanteError | None = None
    title: str = ""
    notices: tuple[Notice, ...] = ()
    challenge: str | None = None
    number: Number | None = None
    faults: Mapping[str, str] = field(default_factory=dict)
    typed: Mapping[str, str] = field(default_factory=dict)
    asks_passphrase: bool = False
    keeps_typed: bool = False
    has_traps: bool = False
    ending: Ending | None = None
    may_dispute: bool = False

    @property
    def template(self) -> str:
        return f"recipient/gate/{self.step}.html"

    @property
    def typed_number(self) -> str | None:
        """The number of the challenge, if it was typed correctly already."""
        return self.number.digits if self.number and self.number.is_typed else None


def is_over(seen: Preview) -> bool:
    """Tell whether the link has ended and this browser has no open lease."""
    return seen.state.final and seen.lease_until is None


def build(
    attempt: Attempt, seen: Preview, form: Form, *, asks: Why | None, is_own: bool
) -> GateView:
    """Build the view of the link's page.

    *asks* is the reason for the challenge; *is_own* means that the visitor is the sender.
    """
    if is_over(seen):
        error = Gone(seen.state, reason=seen.reason, ended_at=seen.ended_at)
        return GateView(
            step=Step.ENDED,
            preview=seen,
            form=form,
            error=error,
            ending=endings.of(error, seen),
            # Senders who look at their own links have nothing to dispute.
            may_dispute=seen.by_others and not is_own,
        )
    if seen.paused and seen.lease_until is None:
        return GateView(step=Step.PAUSED, preview=seen)
    if seen.state is State.HELD:
        return GateView(step=Step.HELD, preview=seen, opens_at=seen.opens_at)
    step = _step(attempt, seen, form)
    is_stopped = form.digits is not None and attempt.why not in {None, Why.AGAIN}
    return GateView(
        step=step,
        preview=seen,
        form=form,
        error=attempt.error,
        title=_title(attempt, step, is_stopped=is_stopped),
        notices=_notices(attempt, step, is_own=is_own),
        challenge=challenge.reason(attempt.why) if attempt.why and is_stopped else None,
        number=challenge.number(
            form,
            # The reason is above the form already.
            asks=None if is_stopped and asks is not Why.ALWAYS else asks,
            is_wrong=attempt.why is Why.NUMBER,
            is_typed=attempt.form is not None,
        ),
        faults=gate_faults.of(attempt.error),
        typed=attempt.typed,
        asks_passphrase=seen.needs_passphrase and step is not Step.ASK_CODE,
        keeps_typed=seen.needs_passphrase or attempt.has_code,
        has_traps=form.digits is None and step is not Step.AGAIN,
    )


def _step(attempt: Attempt, seen: Preview, form: Form) -> Step:
    if seen.lease_until:
        return Step.OPEN if form.digits else Step.AGAIN
    if not seen.needs_code:
        return Step.OPEN
    return Step.TYPE_CODE if attempt.has_code else Step.ASK_CODE


def _title(attempt: Attempt, step: Step, *, is_stopped: bool) -> str:
    if step is Step.AGAIN:
        return gettext("You opened this message")
    if attempt.error or attempt.why is Why.NUMBER:
        return gettext("Not opened yet")
    if is_stopped:
        return gettext("One more step")
    if step is Step.TYPE_CODE:
        return gettext("Type the code")
    return gettext("A message is waiting")


def _notices(attempt: Attempt, step: Step, *, is_own: bool) -> tuple[Notice, ...]:
    found = []
    if attempt.why is Why.AGAIN and step is not Step.AGAIN:
        found.append(
            Notice(gettext("This page has expired. Nothing was used up; press the button again."))
        )
    if isinstance(attempt.error, CodesUsedUp):
        text = gettext(
            "No more codes are mailed for this link. Ask the sender to send the message again."
        )
        found.append(Notice(text, "alert"))
    elif attempt.requested:
        found.append(Notice(_on_its_way(attempt.requested), "status"))
    if is_own and step is not Step.AGAIN:
        found.append(Notice(gettext("This is your own link: opening it uses up a view.")))
    return tuple(found)


def _on_its_way(code: Requested) -> str:
    if code.fresh:
        text = gettext(
            "A code is on its way to the address that the sender gave. It is good until %(time)s."
        )
    else:
        text = gettext(
            "A code was asked for less than a minute ago. It is good until %(time)s; "
            "wait a little for the mail."
        )
    return html(text, time=moment(code.until))
