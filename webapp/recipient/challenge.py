"""The challenge: a number to type, the reason for it, and its field."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from webapp.http.i18n import gettext
from webapp.recipient.bot_signals import Why

if TYPE_CHECKING:
    from webapp.recipient.gate import Form


class Number(NamedTuple):
    """The number and its field.

    Attributes:
        is_typed: It was typed correctly and stays in its field.
    """

    digits: str
    label: str
    hint: str | None = None
    fault: str | None = None
    is_typed: bool = False


class StepView(NamedTuple):
    """The challenge page before a dispute or a decline."""

    title: str
    lead: str
    number: Number | None
    button: str


def reason(of: Why) -> str:
    """Return the reason for the challenge, as text for the visitor."""
    return {
        Why.QUICK: gettext("The button was pressed quicker than a person usually does."),
        Why.STRANGER: gettext("Your browser did not bring back the cookie that this page gave it."),
        Why.SCRIPTED: gettext("Your browser did not say that a person pressed the button."),
        Why.UNTOUCHED: gettext("The button was pressed, but no key, pointer or touch was seen."),
        Why.DECOY: gettext("A field was filled in that people do not see."),
        Why.SILENT: gettext("Your browser left out what browsers of its name send."),
        Why.NETWORK: gettext("Your network is one that mail scanners use, too."),
        Why.ALWAYS: gettext("Everybody is asked for a number here."),
        Why.WATCHED: gettext(
            "A machine looked at this link meanwhile: the number tells you from it."
        ),
        Why.MACHINE: gettext("Your browser calls itself a program, or has no name."),
        Why.AGAIN: gettext("This page has expired."),
    }.get(of) or gettext("That was not the number. Here is a new one.")


def number(
    form: Form, *, asks: Why | None = None, is_wrong: bool = False, is_typed: bool = False
) -> Number | None:
    """Return the number that *form* asks for, if any; *asks* is the reason, if it always asks."""
    if form.digits is None:
        return None
    return Number(
        form.digits,
        gettext("The number") if is_typed else gettext("Enter the number above"),
        _hint(asks),
        gettext("Type the number shown here, three digits.") if is_wrong else None,
        is_typed,
    )


def before_telling(deed: str, why: Why | None, form: Form) -> StepView:
    """Return the page before `dispute` or `decline`; without *why*, it is shown the first time."""
    reasons = reason(why) if why else gettext("Type the number: it tells you from a machine.")
    untold = gettext("Nothing has been told yet.")
    is_wrong = why is Why.NUMBER
    return StepView(
        gettext("Nothing has been told yet") if is_wrong else gettext("One more step"),
        f"{reasons} {untold}",
        number(form, is_wrong=is_wrong),
        gettext("That was not me: tell the sender")
        if deed == "dispute"
        else gettext("This is not for me: tell the sender"),
    )


def _hint(asks: Why | None) -> str | None:
    match asks:
        case Why.ALWAYS:
            return gettext(
                "Everybody is asked for it here, so that no scanner opens this on its way to you."
            )
        case Why.WATCHED:
            return gettext(
                "A machine looked at this link a few minutes ago: the number tells you from it."
            )
        case Why.NETWORK | Why.MACHINE:
            return reason(asks)
    return None
