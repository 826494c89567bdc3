"""Webhook: posts every event to the sender's own system (docs/specs/webhook.md)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from restante import events
from restante.channels.channel import Channel
from restante.channels.failures import FailureReason, failed
from restante.channels.retries import Retries
from restante.errors import Fault
from restante.ssrf import webhook_fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restante.channels.channel import Notification
    from restante.channels.transports import Transports
    from restante.crypto.sealed_fields import SealedFields
    from restante.crypto.tokens import ControlToken
    from restante.event_types import WebhookBody
    from restante.messages import Draft
    from restante.settings import Settings
    from restante.store.outbox import Waiting


class Target(NamedTuple):
    """The URL and the secret that signs.  Neither is ever logged."""

    url: str
    secret: str


def signature(secret: str, event_id: str, at: int, body: bytes) -> str:
    """Return `v1,` and base64 of HMAC-SHA-256 over `id.timestamp.body`; *at* in seconds."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{event_id}.{at}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


class Webhook(Channel[Target, bytes]):
    """Posts every event except `message.sent`."""

    name = "webhook"
    retries = Retries((5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400), jitter=0.2)
    """Ten tries within some three days, as Standard Webhooks suggests."""

    @property
    def outbox(self) -> str:
        return "outbox"

    def faults(self, draft: Draft, settings: Settings) -> Iterator[Fault]:
        if draft.webhook is not None and (
            fault := webhook_fault(draft.webhook, settings.webhook_networks)
        ):
            yield Fault("notify.webhook", fault)

    def keep(self, draft: Draft, control: ControlToken, fields: SealedFields) -> bytes:
        facts = {"url": draft.webhook, "secret": control.webhook_secret} if draft.webhook else {}
        return fields.close_target(self.name, control.message_id, facts)

    def target(self, message_id: bytes, kept: bytes, fields: SealedFields) -> Target | None:
        found = fields.open_target(self.name, message_id, kept)
        return Target(found["url"], found["secret"]) if found else None

    def receiver(self, target: Target) -> str | None:
        return urlsplit(target.url).hostname

    def shown(self, target: Target) -> str:
        parts = urlsplit(target.url)
        return f"{parts.scheme}://{parts.netloc}"

    def render(
        self, message_id: bytes, number: int, waiting: Waiting, fields: SealedFields
    ) -> bytes:
        event = events.event(number, waiting.entry, message_id, fields)
        body: WebhookBody = {
            "type": event.type,
            "timestamp": events.rfc3339(event.at),
            "data": {
                "message": message_id.hex(),
                "recipient": fields.open_label(event.link_id, waiting.label)
                if event.link_id
                else None,
                "event": events.as_json(event, message_id),
            },
        }
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()

    async def deliver(
        self, target: Target | None, notification: Notification, through: Transports
    ) -> None:
        if target is None:
            raise failed(FailureReason.ROOT_KEY_MISSING)
        event_id, body, at = notification.event_id, notification.content, notification.at // 1_000
        headers = {
            "Content-Type": "application/json",
            "webhook-id": event_id,
            "webhook-timestamp": str(at),
            "webhook-signature": signature(target.secret, event_id, at, body),
        }
        await through.http.post(target.url, headers, body)
