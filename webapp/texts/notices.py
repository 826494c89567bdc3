"""Texts for the events that a sender can choose to be told of."""

from __future__ import annotations

from restante.notices import DEFAULTS, EVENTS
from webapp.http.i18n import gettext


def choices() -> list[tuple[str, str, bool]]:
    """Return name and text of each event, and whether it is one of the usual."""
    texts = {
        "first_opened": gettext("opened for the first time"),
        "opened": gettext("opened, each time"),
        "confirmed": gettext("confirmed: “I have read this”"),
        "disputed": gettext("disputed: “That was not me”"),
        "declined": gettext("declined: “This is not for me”"),
        "locked": gettext("locked after wrong tries"),
        "expired_unread": gettext("never opened until it expired"),
        "unread": gettext("unread for the time you chose"),
        "recalled_by_rule": gettext("taken back by your rule"),
    }
    return [(name, texts[name], name in DEFAULTS) for name in EVENTS]
