"""Reads a message's details from form or API request; `restante/validation.py` checks them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from restante.details import Details
from webapp.http.i18n import current

if TYPE_CHECKING:
    from collections.abc import Mapping

    from webapp.http.fields import Body

SECOND_STEPS = ("suspicious", "always")


def from_form(form: Mapping[str, str]) -> Details:
    """Return the details in a page's form; the language is the page's."""
    return Details(
        sender_name=form.get("from", "").strip() or None,
        subject=form.get("subject", "").strip() or None,
        always_asks=form.get("second_step") == "always",
        mailed_code=form.get("mailed_code") == "yes",
        language=current().code,
    )


def from_body(body: Body) -> Details:
    """Return the details in an API request; faults are collected in *body*."""
    return Details(
        sender_name=body.text("from"),
        subject=body.text("subject"),
        always_asks=body.one_of("second_step", *SECOND_STEPS) == "always",
        mailed_code=body.flag("mailed_code") or False,
        language=body.text("language"),
    )


def as_json(details: Details) -> dict[str, Any]:
    """Return the details as fields of an API response."""
    return {
        "from": details.sender_name,
        "subject": details.subject,
        "second_step": SECOND_STEPS[details.always_asks],
        "mailed_code": details.mailed_code,
        "language": details.language,
    }
