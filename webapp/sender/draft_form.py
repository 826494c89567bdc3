"""Reads the compose page's form: a draft, its recipients from field and file, and what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flask import g, request

from restante import recipient_list, validation
from restante.errors import Fault
from restante.messages import Draft
from restante.recipient_list import RecipientList
from restante.safe_text import shows_anything
from restante.typed_digits import whole_number
from webapp import details, notify, rules
from webapp.http.form import text
from webapp.http.request import settings
from webapp.sender import draft_files, push

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE = "list"
"""The field for a file with recipients."""
REPEATED, UNREADABLE = "repeated", "not a list"
READ_MOST = 1_000
"""Recipients that are read and shown again, also if fewer can be sent to."""
ONCE, EACH = "once", "each"
"""Answers to the question what repeated recipients are: the same people, or others."""


class Recipients(NamedTuple):
    """Everybody in field and file, and whether the file could be read.

    Attributes:
        listed: As they are in the list.
        sent_to: As links are made for them.
        is_unclear: Some are there twice, and nobody has said yet what that means.
    """

    listed: RecipientList
    sent_to: RecipientList
    is_unclear: bool
    is_file_read: bool = True


def draft() -> tuple[Draft, list[Fault]]:
    """Return the draft in the form, and the faults that only a form can have."""
    form, faults = request.form, list[Fault]()
    if not shows_anything(written := text("text")):
        faults.append(Fault("text", "shows nothing"))
    people = recipients()
    if people.is_unclear:
        faults.append(Fault("recipients", REPEATED))
    if not people.is_file_read:
        faults.append(Fault(FILE, UNREADABLE))
    webhook, form_of_webhook = webhook_of(form, faults)
    made = Draft(
        text=written,
        recipients=people.sent_to.labels,
        details=details.from_form(form),
        passphrase=form.get("passphrase") or None,
        views=_number("views", 1, faults),
        hold_seconds=_number("hold", 0, faults),
        expires_in_seconds=_number("expires_in", settings().expiry_default, faults),
        rules=rules.from_form(form, faults),
        webhook=webhook,
        webhook_format=form_of_webhook,
        notice=notify.from_form(form),
        push=push.from_draft(faults),
        files=draft_files.drafted(),
    )
    if refused := draft_files.fault():
        faults.append(refused)
    return made, faults


def webhook_of(form: Mapping[str, str], faults: list[Fault]) -> tuple[str | None, str]:
    """Return URL and format of the webhook in a form, if pages may have one."""
    url, its_format = notify.webhook_from_form(form)
    if url and not settings().webhook_pages:
        faults.append(Fault(notify.WEBHOOK, "only programs can set one here"))
    return url, its_format


def recipient_faults() -> list[Fault]:
    """Return what is wrong with the recipients alone; of repeated ones the page asks."""
    made, faults = draft()
    found = [*faults, *validation.draft_faults(made, settings())]
    named = [f for f in found if f.field == FILE or f.field.startswith("recipients")]
    return [fault for fault in named if fault.detail != REPEATED]


def recipients() -> Recipients:
    """Return who is in the field and in the file."""
    if "recipients" not in g:
        g.recipients = _recipients()
    found: Recipients = g.recipients
    return found


def _recipients() -> Recipients:
    typed = recipient_list.read(request.form.get("recipients", ""), READ_MOST)
    file = request.files.get(FILE)
    filed: RecipientList | None = RecipientList(())
    if file:
        filed = recipient_list.read_file(file.read(), file.filename or "", READ_MOST)
    listed = RecipientList((*typed.labels, *(filed.labels if filed else ()))[:READ_MOST])
    answer = request.form.get("repeats")
    is_unclear = bool(listed.repeated) and answer not in {ONCE, EACH}
    sent_to = listed.numbered() if answer == EACH else listed.once()
    return Recipients(listed, sent_to, is_unclear, is_file_read=filed is not None)


def read_from_file() -> dict[str, str]:
    """Return the recipients as the field shows them again if there was a file: all are in it."""
    if FILE in request.files and recipients().is_file_read:
        return {"recipients": recipients().listed.written()}
    return {}


def _number(name: str, default: int, faults: list[Fault]) -> int:
    typed = request.form.get(name, "").strip()
    if not typed:
        return default
    if (number := whole_number(typed)) is None:
        faults.append(Fault(name, "a whole number"))
        return default
    return number
