"""Events, states and outcomes in words."""

from __future__ import annotations

from collections.abc import Mapping

from restante_client.command.texts import _
from restante_client.models import Event


def sentence(event: Event, files: Mapping[int, str] | None = None) -> str:
    """Return what happened; an event that this version does not know keeps its type.

    *files* are the names of the link's files, by their numbers.
    """
    values = {name: word(str(value)) for name, value in event.data.items()}
    number = event.data.get("file")
    if files and isinstance(number, int) and number in files:
        values["file"] = files[number]
    told = _sentences().get(event.type)
    if event.type == "message.notify_changed" and "webhook" in event.data:
        told = _("posts about it: {webhook}")
    if told is None:
        return event.type
    try:
        return told.format(**values)
    except KeyError:
        return event.type


def word(code: str) -> str:
    """Return a state or an outcome in words; one that is not known stays as it is."""
    return _words().get(code, code)


def _words() -> dict[str, str]:
    return {
        "held": _("not open yet"),
        "sealed": _("sealed"),
        "read": _("opened"),
        "spent": _("opened, no views left"),
        "recalled": _("recalled"),
        "expired": _("expired"),
        "locked": _("locked"),
        "recalled_unread": _("recalled unread"),
        "recalled_after_read": _("recalled after it was read"),
        "already_spent": _("too late: every view was opened"),
        "already_expired": _("had expired"),
        "already_locked": _("was locked"),
        "already_read": _("too late: it was opened"),
        "already_recalled": _("was recalled"),
        "replaced": _("has the new text"),
        "fetched": _("all of it was sent"),
        "started": _("a part was sent, perhaps all"),
        "not_started": _("nothing was sent"),
        "waiting": _("waiting"),
        "delivered": _("delivered"),
        "failed": _("failed"),
        "on": _("on"),
        "off": _("off"),
    }


def _sentences() -> dict[str, str]:
    return {
        "message.sent": _("sent"),
        "message.replaced": _("text replaced"),
        "message.file_taken_out": _("file {file} taken out"),
        "message.extended": _("expiry moved"),
        "message.paused": _("paused"),
        "message.resumed": _("resumed"),
        "message.rules_changed": _("rules changed"),
        "message.notify_changed": _("mails about it: {email}"),
        "message.test": _("a test of how you are told"),
        "link.unread": _("nobody has opened it"),
        "link.replaced": _("has the new text"),
        "link.revealed": _("opened (view {view})"),
        "link.acknowledged": _("the text arrived (view {view})"),
        "link.prolonged": _("stays open longer (view {view})"),
        "link.file_started": _("began to fetch file {file} (view {view})"),
        "link.file_fetched": _("was sent all of file {file} (view {view})"),
        "link.confirmed": _("says: I have read this"),
        "link.disputed": _("says: that was not me"),
        "link.declined": _("says: this is not for me"),
        "link.passphrase_wrong": _("wrong passphrase, tries left: {tries_left}"),
        "link.code_requested": _("asked for a code"),
        "link.code_failed": _("the code could not be mailed"),
        "link.code_wrong": _("wrong code, tries left: {tries_left}"),
        "link.locked": _("locked: too many wrong tries"),
        "link.failed": _("could not be decrypted"),
        "link.recalled": _("recalled ({outcome})"),
        "link.expired": _("expired"),
    }
