"""Why the gate asks for a number, in words."""

from __future__ import annotations

from webapp.http.i18n import gettext
from webapp.recipient.bot_signals import Why


def reason(of: Why) -> str:
    """Return why a number is asked for, for the person who is asked."""
    return {
        Why.QUICK: gettext("The button was pressed quicker than a person usually does."),
        Why.FOREIGN: gettext("The button was pressed on another site than this one."),
        Why.STRANGER: gettext("Your browser did not bring back the cookie that this page gave it."),
        Why.SCRIPTED: gettext("Your browser did not say that a person pressed the button."),
        Why.UNTOUCHED: gettext("The button was pressed, but no key, pointer or touch was seen."),
        Why.DECOY: gettext("A field was filled in that people do not see."),
        Why.SILENT: gettext("Your browser left out what others of its name say."),
        Why.NETWORK: gettext("Your network is one that mail scanners use, too."),
        Why.ALWAYS: gettext("Everybody is asked for a number here."),
        Why.WATCHED: gettext(
            "A machine looked at this link meanwhile: the number tells you from it."
        ),
        Why.MACHINE: gettext("Your browser gives itself a machine’s name, or none."),
        Why.AGAIN: gettext("This page has expired."),
    }.get(of) or gettext("That was not the number. Here is a new one.")
