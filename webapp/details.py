"""A message's details as the form and the API write them; `restante/validation.py` checks both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from restante.details import Details
from webapp.http.i18n import current

if TYPE_CHECKING:
    from collections.abc import Mapping

    from webapp.http.fields import Body

SECOND_STEPS = ("suspicious", "always")


def from_form(form: Mapping[str, str]) -> Details:
    """Return what a page's form says; the language is that of the page."""
    return Details(
        sender_name=form.get("from", "").strip() or None,
        subject=form.get("subject", "").strip() or None,
        always_asks=form.get("second_step") == "always",
        mailed_code=form.get("mailed_code") == "yes",
        language=current().code,
    )


def from_body(body: Body) -> Details:
    """Return what an API request says; what is wrong stays with the body."""
    return Details(
        sender_name=body.text("from"),
        subject=body.text("subject"),
        always_asks=body.one_of("second_step", *SECOND_STEPS) == "always",
        mailed_code=body.flag("mailed_code") or False,
        language=body.text("language"),
    )


def as_json(details: Details) -> dict[str, Any]:
    """Return the fields of a message that programs get."""
    return {
        "from": details.sender_name,
        "subject": details.subject,
        "second_step": SECOND_STEPS[details.always_asks],
        "mailed_code": details.mailed_code,
        "language": details.language,
    }
