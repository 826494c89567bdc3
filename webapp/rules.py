"""Reads a message's rules from form or API request; `restante/rules.py` checks them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypedDict

from restante import rules
from restante.declared import Bounds, Example, Time
from restante.errors import Fault
from restante.rules import Rules
from restante.typed_digits import whole_number
from webapp.texts.formatting import rfc3339_or_none

if TYPE_CHECKING:
    from collections.abc import Mapping

    from restante.reports import Status
    from restante.settings import Settings

WAIT = Bounds(0, "expiry_max")
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


class RulesGiven(TypedDict, total=False):
    """What happens to links that nobody opened. Seconds count from `opens_at`."""

    tell_unread_after: Annotated[int, "seconds until you are told of each unread link", WAIT]
    recall_unread_after: Annotated[
        int, "seconds until each unread link is recalled", WAIT, Example(86_400)
    ]


class RulesAsked(TypedDict, total=False):
    """The rules in an API request."""

    rules: RulesGiven


class RuleTimes(TypedDict):
    """When each rule runs; `null` without it, or once it has run."""

    tell_unread_at: Annotated[Time | None, "when you are told of unread links"]
    recall_unread_at: Annotated[Time | None, "when unread links are recalled"]


class RulesShown(TypedDict):
    """The rules in an API response."""

    rules: RuleTimes


def from_body(asked: RulesAsked) -> Rules:
    """Return the rules in an API request."""
    its = asked.get("rules", {})
    return Rules(its.get("tell_unread_after"), its.get("recall_unread_after"))


def as_json(status: Status) -> RulesShown:
    """Return the rules as a field of an API response."""
    return {
        "rules": {
            "tell_unread_at": rfc3339_or_none(status.tell_at),
            "recall_unread_at": rfc3339_or_none(status.recall_at),
        }
    }
