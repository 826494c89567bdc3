"""Verifies that a webhook request comes from the service: docs/specs/webhook.md."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass

from restante_client.errors import WebhookInvalid
from restante_client.fields import inner, text, text_or_none, whole
from restante_client.models import Event

TOLERANCE = 300
"""Seconds between the sender's clock and ours."""
PREFIX = "whsec_"


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """What a webhook tells.

    Attributes:
        id: Of the event.  Deliveries repeat: ignore an id that you had.
        message: The message's id.
        recipient: Label of the event's link, or None.
    """

    id: str
    message: str
    recipient: str | None
    event: Event


def verify_webhook(
    secret: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: float | None = None,
    tolerance: float = TOLERANCE,
) -> WebhookEvent:
    """Return what the request tells, if it is from the service and at most *tolerance* seconds old.

    *secret* is the `webhook_secret` of the send, *body* the bytes as they came.  The names of
    *headers* may be in any case.

    Raises:
        WebhookInvalid: It is not.
    """
    its = {name.lower(): value for name, value in headers.items()}
    try:
        event_id, timestamp = its["webhook-id"], its["webhook-timestamp"]
        signatures = its["webhook-signature"].split()
        sent_at = int(timestamp)
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (KeyError, ValueError, binascii.Error):
        message = "Headers of the webhook are missing or malformed."
        raise WebhookInvalid(message) from None
    signed = f"{event_id}.{timestamp}.".encode() + body
    wanted = base64.b64encode(hmac.digest(key, signed, hashlib.sha256))
    if not any(hmac.compare_digest(b"v1," + wanted, one.encode()) for one in signatures):
        message = "The signature of the webhook is wrong."
        raise WebhookInvalid(message)
    if abs((time.time() if now is None else now) - sent_at) > tolerance:
        message = "The webhook is too old, or a clock is wrong."
        raise WebhookInvalid(message)
    try:
        data = inner(whole(json.loads(body)), "data")
        message_id, recipient = text(data, "message"), text_or_none(data, "recipient")
        return WebhookEvent(event_id, message_id, recipient, Event.of(inner(data, "event")))
    except (ValueError, KeyError, RecursionError):
        message = "The body of the webhook is not one of Restante."
        raise WebhookInvalid(message) from None
