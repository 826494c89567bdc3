"""Reads a message's rules from form or API request; `restante/rules.py` checks them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from restante import rules
from restante.errors import Fault
from restante.rules import Rules
from restante.typed_digits import whole_number
from webapp.texts.formatting import rfc3339_or_none

if TYPE_CHECKING:
    from collections.abc import Mapping

    from restante.reports import Status
    from restante.settings import Settings
    from webapp.http.fields import Body

HOUR = 3_600
CHOICES = (HOUR, 24 * HOUR, 72 * HOUR)
KEEP = "keep"
HOURS = "_hours"
"""The form's own time stands in a field with the name of its choice and this."""
FIELDS = tuple(name + tail for name in (rules.TELL, rules.RECALL) for tail in ("", HOURS))


def from_form(form: Mapping[str, str], faults: list[Fault]) -> Rules:
    """Return the rules in a page's form; hours that were typed count before a choice."""
    return Rules(_after(form, rules.TELL, faults), _after(form, rules.RECALL, faults))


def choices(settings: Settings, within: int | None = None) -> list[int]:
    """Return the times to choose from, in seconds; all are shorter than *within*."""
    most = settings.expiry_max if within is None else within
    return [after for after in CHOICES if settings.expiry_min <= after < most]


def _after(form: Mapping[str, str], name: str, faults: list[Fault]) -> int | None:
    typed, chosen = form.get(name + HOURS, "").strip(), form.get(name, "").strip()
    if not typed and chosen in {"", KEEP}:
        return None
    number = whole_number(typed or chosen)
    if number is None or (typed and not number):
        faults.append(Fault(name, "a whole number"))
        return None
    return number * HOUR if typed else number


def from_body(body: Body) -> Rules:
    """Return the rules in an API request; faults are collected in *body*."""
    found = body.wholes_within("rules", "tell_unread_after", "recall_unread_after")
    return Rules(*found)


def as_json(status: Status) -> dict[str, Any]:
    """Return the rules as a field of an API response."""
    return {
        "rules": {
            "tell_unread_at": rfc3339_or_none(status.tell_at),
            "recall_unread_at": rfc3339_or_none(status.recall_at),
        }
    }
