"""Texts for events and looks.

They never say more than is known: a read is "shown to someone who had the link".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from restante.messages import Event, Outcome
from webapp.http.i18n import current, gettext, html, ngettext
from webapp.texts.formatting import duration, moment

if TYPE_CHECKING:
    from collections.abc import Mapping


def event(of: Event, file: str | None = None) -> str:  # noqa: C901 (a case for each kind of event)
    """Return a short text for an event; the page adds time and recipient.

    *file* is the name of the file that it is about, if that is known.
    """
    match of.type:
        case "message.extended":
            return html(gettext("Expiry moved to %(to)s"), to=moment(int(of.facts["to"])))
        case "link.prolonged":
            until = moment(int(of.facts["until"]))
            return html(gettext("Kept readable there until %(until)s"), until=until)
        case "message.file_taken_out":
            return html(gettext("%(file)s: taken out"), file=_file(of, file))
        case "link.file_started":
            return html(gettext("%(file)s: sending began"), file=_file(of, file))
        case "link.file_fetched":
            return html(gettext("%(file)s: all of it was sent"), file=_file(of, file))
        case "link.passphrase_wrong":
            return ngettext(
                "Wrong passphrase; one try left",
                "Wrong passphrase; %(num)s tries left",
                int(of.facts["tries_left"]),
            )
        case "link.code_wrong":
            return ngettext(
                "Wrong code; one try left",
                "Wrong code; %(num)s tries left",
                int(of.facts["tries_left"]),
            )
        case "link.unread" | "link.recalled" if "told_at" in of.facts:
            return _ruled(of)
        case "link.recalled":
            return outcome(Outcome(str(of.facts["outcome"])))
        case "message.rules_changed":
            return _rules(of)
        case "message.paused" if of.facts["leases"]:
            return ngettext(
                "Paused; one reader may still have it open",
                "Paused; %(num)s readers may still have it open",
                int(of.facts["leases"]),
            )
        case "link.expired":
            return gettext("Expired unread") if of.facts["reveals"] == 0 else gettext("Expired")
    return {
        "message.sent": gettext("Sent"),
        "message.replaced": gettext("Text replaced"),
        "message.paused": gettext("Paused"),
        "message.notify_changed": _notify(of.facts),
        "message.test": gettext("The sender sent a test"),
        "message.resumed": gettext("Open again after the pause"),
        "link.replaced": gettext("This link opens the new text"),
        "link.revealed": gettext("Shown to someone who had this link"),
        "link.acknowledged": gettext("A browser confirmed that it arrived"),
        "link.confirmed": gettext("“I have read this”, says someone it was shown to"),
        "link.disputed": gettext("“That was not me”, says someone who has this link"),
        "link.declined": gettext("“This is not for me”, says someone who has this link"),
        "link.code_requested": gettext("A code to be mailed was asked for"),
        "link.code_failed": gettext(
            "The code could not be mailed: the address was refused, or had too many today"
        ),
        "link.locked": gettext("Locked after too many wrong tries"),
        "link.failed": gettext("Asked for, but it could not be opened"),
    }.get(of.type, of.type)


def _file(of: Event, name: str | None) -> str:
    if name is None:
        return gettext("File %(number)s", number=of.facts["file"])
    return html("<bdi>%(name)s</bdi>", name=name)


LATE_MS = 60_000
"""A rule that runs later than this says so."""


def _ruled(of: Event) -> str:
    """Return what a rule did at its time, and when, if it was late."""
    told_at = int(of.facts["told_at"])
    is_late, is_recall = told_at - of.at >= LATE_MS, of.type == "link.recalled"
    if not is_late and is_recall:
        return gettext("Recalled by a rule, before anybody read it")
    if not is_late:
        return gettext("Nobody had opened it by then; a rule asked to be told")
    if is_recall:
        text = gettext("Recalled by a rule, before anybody read it; noted late, on %(time)s")
    else:
        text = gettext(
            "Nobody had opened it by then; a rule asked to be told; noted late, on %(time)s"
        )
    return html(text, time=moment(told_at))


def _notify(facts: Mapping[str, object]) -> str:
    """Return which way of telling the sender was switched on or off."""
    match facts:
        case {"email": "on"}:
            return gettext("E-mails to the sender were switched on")
        case {"webhook": "on"}:
            return gettext("The sender’s system or chat is told from here on")
        case {"webhook": _}:
            return gettext("The sender’s system or chat is told no more")
    return gettext("E-mails to the sender were switched off")


def _rules(of: Event) -> str:
    """Return the rules as they are after a change."""
    tell, recall = (of.facts.get(name) for name in ("tell_unread_at", "recall_unread_at"))
    if tell and recall:
        text = gettext("Rules: tell if unread on %(tell)s, take back if unread on %(recall)s")
        return html(text, tell=moment(int(tell)), recall=moment(int(recall)))
    if recall:
        return html(gettext("Rule: take back if unread on %(recall)s"), recall=moment(int(recall)))
    if tell:
        return html(gettext("Rule: tell if unread on %(tell)s"), tell=moment(int(tell)))
    return gettext("Rules removed")


def on_screen(seconds: int) -> str:
    """Return how long the text was on the screen, as the browser reports it; not "read for"."""
    return gettext("On screen for %(time)s.", time=duration(seconds))


def outcome(of: Outcome) -> str:
    """Return a short text for the outcome of a recall."""
    return {
        Outcome.RECALLED_UNREAD: gettext("Recalled before anybody read it"),
        Outcome.RECALLED_AFTER_READ: gettext("Recalled after it was read; no further views"),
        Outcome.ALREADY_SPENT: gettext("Recall came too late: already read"),
        Outcome.ALREADY_EXPIRED: gettext("Recall not needed: already expired"),
        Outcome.ALREADY_LOCKED: gettext("Recall not needed: already locked"),
    }[of]


def visitor(kind: str, *, by_sender: bool = True) -> str:
    """Return the text for a look's class; *by_sender*: the sender reads it, else a recipient."""
    if kind == "sender" and not by_sender:
        return gettext("the sender’s browser")
    return {
        "browser": gettext("a browser"),
        "prefetch": gettext("a browser fetching ahead"),
        "sender": gettext("your own browser"),
        "program": gettext("a program"),
        "preview_bot": gettext("a bot that makes previews"),
        "scanner_suspected": gettext("probably a scanner"),
    }.get(kind, kind)


def evidence(of: Mapping[str, str]) -> str:
    """Return what was recorded of a visitor, as "Spain · Firefox on Windows"; empty if nothing."""
    browser, system = of.get("browser"), of.get("system")
    program = browser or system
    if browser and system:
        program = gettext("%(browser)s on %(system)s", browser=browser, system=system)
    country = current().country(of["country"]) if "country" in of else None
    return " · ".join(filter(None, (country, program, of.get("network"))))
