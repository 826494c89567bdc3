"""Reads a message's details from form or API request; `restante/validation.py` checks them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, NotRequired, TypedDict

from restante import i18n
from restante.declared import Bounds, Example, Words
from restante.details import Details
from restante.validation import LABEL_MAX
from webapp.http.i18n import current

if TYPE_CHECKING:
    from collections.abc import Mapping

LABEL = Bounds(1, LABEL_MAX)
LANGUAGES = Words(i18n.known())
SecondStep = Literal["suspicious", "always"]
SECOND_STEPS: tuple[SecondStep, SecondStep] = ("suspicious", "always")
SecondStepShown = Annotated[
    SecondStep, "who must type a number on the gate before the message opens"
]


class DetailsAsked(
    TypedDict(
        "DetailsAsked", {"from": NotRequired[Annotated[str, "your name", LABEL, Example("Marta")]]}
    ),
    total=False,
):
    """The details in an API request."""

    subject: Annotated[str, "what the message is about", LABEL, Example("The safe")]
    second_step: Annotated[SecondStepShown, Example("suspicious")]
    mailed_code: Annotated[
        bool,
        "`true`: the service mails each reader a six-digit code first; each recipient must be a"
        " mail address",
        Example(value=False),
    ]
    language: Annotated[
        str, "the sender's language, for texts to the sender", LANGUAGES, Example("en")
    ]


class DetailsShown(
    TypedDict("DetailsShown", {"from": Annotated[str | None, "your name", Example("Marta")]})
):
    """The details in an API response."""

    subject: Annotated[str | None, "what the message is about", Example("The safe")]
    second_step: SecondStepShown
    mailed_code: Annotated[bool, "whether each reader needs a mailed code"]
    language: Annotated[str | None, "the sender's language"]


def from_form(form: Mapping[str, str]) -> Details:
    """Return the details in a page's form; the language is the page's."""
    return Details(
        sender_name=form.get("from", "").strip() or None,
        subject=form.get("subject", "").strip() or None,
        always_asks=form.get("second_step") == "always",
        mailed_code=form.get("mailed_code") == "yes",
        language=current().code,
    )


def from_body(asked: DetailsAsked) -> Details:
    """Return the details in an API request."""
    return Details(
        sender_name=asked.get("from"),
        subject=asked.get("subject"),
        always_asks=asked.get("second_step") == "always",
        mailed_code=asked.get("mailed_code", False),
        language=asked.get("language"),
    )


def as_json(details: Details) -> DetailsShown:
    """Return the details as fields of an API response."""
    return {
        "from": details.sender_name,
        "subject": details.subject,
        "second_step": SECOND_STEPS[details.always_asks],
        "mailed_code": details.mailed_code,
        "language": details.language,
    }
