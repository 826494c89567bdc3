"""Validation: the bounds of every field, and a sentence for each invalid one.

Sentences name the bound and never echo the input.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING

from restante import i18n, rules
from restante.channels import CHANNELS
from restante.crypto.passphrases import NEWEST, spelled
from restante.email_address import mailbox
from restante.errors import Fault, TooLarge
from restante.safe_text import UNFIT, is_fit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restante.details import Details
    from restante.messages import Draft
    from restante.settings import Settings

LABEL_MAX = 200
REASON_MAX = 500
HOLDER_MAX = 60
PASSPHRASE_MAX = 256
COMPOSED_MOST = 4
"""NFC joins at most this many characters into one: a letter with three marks."""
BLANKS = re.compile(r"\s{2,}")
AN_ID = re.compile(r"[0-9a-fA-F]{32}")


def normal(label: str | None) -> str | None:
    """Return the form in which labels, names, subjects and reasons are stored.

    That is NFC, with one blank for each run of blanks: many could push words out of sight.
    """
    if label is None:
        return None
    return BLANKS.sub(" ", unicodedata.normalize("NFC", label)).strip()


def draft_faults(draft: Draft, settings: Settings) -> Iterator[Fault]:
    """Yield every invalid field; `text_bytes` checks the text's size."""
    yield from text_faults(draft.text)
    yield from details_faults(draft.details)
    if len(draft.recipients) > settings.recipients_max:
        yield Fault("recipients", f"at most {settings.recipients_max}")
    else:
        for place, label in enumerate(draft.recipients):
            yield from _label_faults(f"recipients[{place}]", label)
    if draft.details.mailed_code:
        yield from _mail_faults(draft, settings)
    if not 1 <= draft.views <= settings.views_max:
        yield Fault("views", f"from 1 to {settings.views_max}")
    if draft.expires_in_seconds is not None:
        yield from expiry_faults(draft.expires_in_seconds, settings)
    if not 0 <= draft.hold_seconds <= settings.hold_max:
        yield Fault("hold", f"from 0 to {settings.hold_max} seconds")
    expires_in = draft.expires_in_seconds or settings.expiry_default
    yield from rules.draft_faults(draft.rules, expires_in, settings)
    if draft.passphrase is not None:
        yield from passphrase_faults(draft.passphrase)
    for channel in CHANNELS.values():
        yield from channel.faults(draft, settings)


def details_faults(details: Details) -> Iterator[Fault]:
    """Yield the invalid fields of the details, by their names in API and form."""
    yield from _label_faults("from", details.sender_name)
    yield from _label_faults("subject", details.subject)
    if details.language is not None and details.language not in i18n.known():
        yield Fault("language", f"one of {', '.join(i18n.known())}")


def normal_details(details: Details) -> Details:
    """Return the details with the sender's name and the subject in their stored form."""
    return replace(
        details, sender_name=normal(details.sender_name), subject=normal(details.subject)
    )


def _mail_faults(draft: Draft, settings: Settings) -> Iterator[Fault]:
    if settings.smtp_url is None:
        yield Fault("mailed_code", "this service sends no mail")
    elif not draft.recipients:
        yield Fault("recipients", "required: codes are mailed to them")
    else:
        for place, label in enumerate(draft.recipients[: settings.recipients_max]):
            if mailbox(label) is None:
                yield Fault(f"recipients[{place}]", "an e-mail address: codes are mailed there")


def text_faults(text: str) -> Iterator[Fault]:
    """Yield what is wrong with a text, except its size."""
    if not text:
        yield Fault("text", "must not be empty")
    elif _has_surrogate(text):
        yield Fault("text", "has a character that is not Unicode text (a lone surrogate)")


def expiry_faults(seconds: int, settings: Settings) -> Iterator[Fault]:
    """Yield a fault if the time to live is outside the operator's bounds."""
    if not settings.expiry_min <= seconds <= settings.expiry_max:
        yield Fault("expires_in", f"from {settings.expiry_min} to {settings.expiry_max} seconds")


def passphrase_faults(passphrase: str, form: int = NEWEST) -> Iterator[Fault]:
    """Yield a fault for a passphrase that shows nothing, is too long or no Unicode text."""
    if (
        len(passphrase) > PASSPHRASE_MAX * COMPOSED_MOST
        or _has_surrogate(passphrase)
        or not 1 <= len(spelled(passphrase, form)) <= PASSPHRASE_MAX
    ):
        yield Fault("passphrase", f"1 to {PASSPHRASE_MAX} characters, not only blanks")


def reason_faults(reason: str | None) -> Iterator[Fault]:
    """Yield a fault if the reason is empty, too long or has characters that are not allowed."""
    yield from _label_faults("reason", reason, most=REASON_MAX)


def holder_faults(name: str) -> Iterator[Fault]:
    """Yield what is wrong with the name of a sender token; it must not look like an id."""
    yield from _label_faults("name", name, most=HOLDER_MAX)
    if AN_ID.fullmatch(name):
        yield Fault("name", "not 32 hexadecimal digits: ids are written so")


def text_bytes(text: str, limit: int) -> bytes:
    """Return the UTF-8 of *text*.

    Raises:
        TooLarge: More than *limit* bytes.
    """
    encoded = text.encode()
    if len(encoded) > limit:
        raise TooLarge(limit)
    return encoded


def _label_faults(name: str, label: str | None, most: int = LABEL_MAX) -> Iterator[Fault]:
    if label is None:
        return
    if not _fits(label, most):
        yield Fault(name, f"1 to {most} characters")
    elif not is_fit(label):
        yield Fault(name, UNFIT)


def _fits(written: str, most: int) -> bool:
    """Tell whether the NFC form has 1 to *most* characters.

    Normalising a run of marks takes quadratic time: text that is too long even after the
    best possible composition is refused before normalising.
    """
    return (
        len(written) <= most * COMPOSED_MOST
        and 1 <= len(unicodedata.normalize("NFC", written)) <= most
    )


def _has_surrogate(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
