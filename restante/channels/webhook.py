"""Webhook: posts every event to the sender's own system (docs/specs/webhook.md)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from restante import events
from restante.channels import webhook_formats
from restante.channels.channel import Channel
from restante.channels.failures import FailureReason, failed
from restante.channels.retries import Retries
from restante.channels.webhook_formats import FORMATS, STANDARD, Told
from restante.errors import Fault
from restante.ssrf import webhook_fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restante.channels.channel import Notification
    from restante.channels.transports import Transports
    from restante.crypto.sealed_fields import SealedFields
    from restante.crypto.tokens import ControlToken
    from restante.messages import Draft
    from restante.settings import Settings
    from restante.store.outbox import Waiting


class Target(NamedTuple):
    """What is kept with a message.  Neither URL nor secret, which signs, is ever logged.

    Attributes:
        form: One of FORMATS.
        subject, language: Of the message, for a short text.
    """

    url: str
    secret: str
    form: str = STANDARD
    subject: str | None = None
    language: str | None = None


def signature(secret: str, event_id: str, at: int, body: bytes) -> str:
    """Return `v1,` and base64 of HMAC-SHA-256 over `id.timestamp.body`; *at* in seconds."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{event_id}.{at}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


class Webhook(Channel[Target, Told]):
    """Posts every event except `message.sent`; as a short text, what a person can choose."""

    name = "webhook"
    retries = Retries((5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400), jitter=0.2)
    """Ten tries within some three days, as Standard Webhooks suggests."""

    @property
    def outbox(self) -> str:
        return "outbox"

    def faults(self, draft: Draft, settings: Settings) -> Iterator[Fault]:
        if draft.webhook is None:
            return
        if fault := webhook_fault(draft.webhook, settings.webhook_networks):
            yield Fault("notify.webhook", fault)
        if draft.webhook_format not in FORMATS:
            yield Fault("notify.webhook_format", f"one of {', '.join(FORMATS)}")

    def keep(self, draft: Draft, control: ControlToken, fields: SealedFields) -> bytes:
        facts: dict[str, str | None] = {}
        if draft.webhook:
            facts = {"url": draft.webhook, "secret": control.webhook_secret}
        if draft.webhook and draft.webhook_format != STANDARD:
            facts["format"] = draft.webhook_format
            facts["subject"], facts["language"] = draft.details.subject, draft.details.language
        known = {name: value for name, value in facts.items() if value is not None}
        return fields.close_target(self.name, control.message_id, known)

    def target(self, message_id: bytes, kept: bytes, fields: SealedFields) -> Target | None:
        found = fields.open_target(self.name, message_id, kept)
        if not found:
            return None
        form, subject, language = (found.get(one) for one in ("format", "subject", "language"))
        return Target(found["url"], found["secret"], form or STANDARD, subject, language)

    def receiver(self, target: Target) -> str | None:
        return urlsplit(target.url).hostname

    def shown(self, target: Target) -> str:
        parts = urlsplit(target.url)
        return f"{parts.scheme}://{parts.netloc}"

    def render(
        self, message_id: bytes, number: int, waiting: Waiting, fields: SealedFields
    ) -> Told:
        event = events.event(number, waiting.entry, message_id, fields)
        label = fields.open_label(event.link_id, waiting.label) if event.link_id else None
        return Told(message_id, event, label)

    def wants(self, target: Target, content: Told) -> bool:
        return webhook_formats.wants(target.form, content)

    async def deliver(
        self, target: Target | None, notification: Notification, through: Transports
    ) -> None:
        if target is None:
            raise failed(FailureReason.ROOT_KEY_MISSING)
        its = webhook_formats.post(
            target.form, notification.content, target.subject, target.language
        )
        event_id, at = notification.event_id, notification.at // 1_000
        headers = {
            **its.headers,
            "webhook-id": event_id,
            "webhook-timestamp": str(at),
            "webhook-signature": signature(target.secret, event_id, at, its.body),
        }
        await through.http.post(target.url, headers, its.body)
