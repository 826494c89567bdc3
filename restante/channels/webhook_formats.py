"""Formats of a webhook: our own, and the short texts that ntfy and chats like Slack take.

A short text has the message's subject, what happened, and the recipient's name.  It has no content,
no token and no URL.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from restante import events, i18n
from restante.channels import notice_words
from restante.notices import EVENTS, URGENT, chosen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from restante.event_types import WebhookBody
    from restante.messages import Event

STANDARD = "standard"
FORMATS = (STANDARD, "ntfy", "slack")
CLIPPED_TO = 120
"""Characters of a subject or a name in a short text."""


class Told(NamedTuple):
    """An event on its way; *label* is the recipient's."""

    message_id: bytes
    event: Event
    label: str | None


class Post(NamedTuple):
    """What is posted, besides the signature."""

    headers: Mapping[str, str]
    body: bytes


def wants(form: str, told: Told) -> bool:
    """Tell whether a format is told of an event: short texts only of what people can choose."""
    its = told.event
    return form == STANDARD or chosen(EVENTS, its.type, its.facts)


def post(form: str, told: Told, subject: str | None, language: str | None) -> Post:
    """Return the post in a format; a repeat has the same bytes."""
    if form == STANDARD:
        return Post({"Content-Type": "application/json"}, _json(_standard(told)))
    text = _short(told, subject, language)
    if form == "slack":
        # Only these three have a meaning there.
        for sign, written in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
            text = text.replace(sign, written)
        return Post({"Content-Type": "application/json"}, _json({"text": text}))
    priority = "high" if told.event.type in URGENT else "default"
    return Post({"Content-Type": "text/plain; charset=utf-8", "Priority": priority}, text.encode())


def _standard(told: Told) -> WebhookBody:
    its = told.event
    return {
        "type": its.type,
        "timestamp": events.rfc3339(its.at),
        "data": {
            "message": told.message_id.hex(),
            "recipient": told.label,
            "event": events.as_json(its, told.message_id),
        },
    }


def _short(told: Told, subject: str | None, language: str | None) -> str:
    say = i18n.spoken(language)
    what = notice_words.happening(told.event.type, told.event.facts, say)
    named = clipped(subject) or say.gettext("Your message")
    return "\n".join(filter(None, (named, what, clipped(told.label))))


def clipped(words: str | None) -> str | None:
    """Return at most CLIPPED_TO characters."""
    if words and len(words) > CLIPPED_TO:
        return words[: CLIPPED_TO - 1] + "…"
    return words


def _json(its: object) -> bytes:
    return json.dumps(its, ensure_ascii=False, separators=(",", ":")).encode()
