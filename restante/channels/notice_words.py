"""The words of a notification: what happened, and how a link stands.

They never say more than is known: a read is "shown to someone who had the link".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from restante.messages import Outcome, State
from restante.notices import TEST

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from restante.i18n import Language
    from restante.store.replies import LinkRow


def happening(type_: str, facts: Mapping[str, Any], say: Language) -> str:
    """Return a short text for an event."""
    if type_ == "link.revealed" and facts.get("view") == 1:
        return say.gettext("Opened for the first time, by someone who had this link")
    return {
        TEST: say.gettext("This is a test. Nothing happened to the message."),
        "link.revealed": say.gettext("Shown to someone who had this link"),
        "link.confirmed": say.gettext("“I have read this”, says someone it was shown to"),
        "link.disputed": say.gettext("“That was not me”, says someone who has this link"),
        "link.declined": say.gettext("“This is not for me”, says someone who has this link"),
        "link.locked": say.gettext("Locked after too many wrong tries"),
        "link.expired": say.gettext("Expired unread"),
        "link.unread": say.gettext("Still unread"),
        "link.recalled": say.gettext("Recalled by your rule, because nobody had opened it"),
    }.get(type_, type_)


def state(link: LinkRow, time: Callable[[int], str], say: Language) -> str:
    """Return how a link stands; *time* writes a time."""
    reports = []
    if link.disputes:
        reports.append(say.gettext("Someone says: that was not me."))
    if link.declines:
        reports.append(say.gettext("Someone says: this is not for me."))
    return " ".join([_state(link, time, say), *reports])


def _state(link: LinkRow, time: Callable[[int], str], say: Language) -> str:
    opened = time(link.first_revealed_at or 0) if link.reveals else ""
    match link.state:
        case State.HELD:
            return say.gettext("It does not open yet.")
        case State.SEALED:
            return say.gettext("Nobody has opened it.")
        case State.READ | State.SPENT:
            return say.gettext("Opened on %(time)s.", time=opened)
        case State.RECALLED if link.outcome is Outcome.RECALLED_UNREAD:
            return say.gettext("Recalled before anybody read it.")
        case State.EXPIRED if not link.reveals:
            return say.gettext("Expired unread.")
        case State.LOCKED if not link.reveals:
            return say.gettext("Locked after too many wrong tries.")
    return say.gettext("Opened on %(time)s. It cannot be opened again.", time=opened)
