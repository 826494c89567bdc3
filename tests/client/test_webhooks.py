"""Webhooks are verified as docs/specs/webhook.md says, by its frozen vectors."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from restante_client import WebhookInvalid, verify_webhook

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/webhook.json").read_text("utf-8"))
SECRET = VECTORS["signed"][0]["secret"]
SENT_AT = 1_790_000_000
EVENT = {"id": "3a90-2", "type": "link.revealed", "at": "2026-11-22T16:56:41.476Z", "link": "7b",
         "data": {"view": 1}, "evidence": {"country": "ES"}}  # fmt: skip
BODY = json.dumps({"type": "link.revealed", "timestamp": "2026-11-22T16:56:41.476Z",
                   "data": {"message": "3a90", "recipient": "Zoë", "event": EVENT}})  # fmt: skip


def headers(body=BODY, sent_at=SENT_AT):
    signature = Webhook(SECRET).sign("3a90-2", datetime.fromtimestamp(sent_at, UTC), body)
    return {"Webhook-Id": "3a90-2", "Webhook-Timestamp": str(sent_at),
            "Webhook-Signature": f"v2,x {signature}"}  # fmt: skip


def test_an_event_of_the_service_is_read():
    told = verify_webhook(SECRET, headers(), BODY.encode(), now=SENT_AT + 299)

    assert (told.id, told.message, told.recipient) == ("3a90-2", "3a90", "Zoë")
    assert (told.event.type, told.event.data["view"]) == ("link.revealed", 1)


@pytest.mark.parametrize("case", VECTORS["signed"])
def test_the_signatures_of_the_vectors_are_right(case):
    """Their bodies are no events, which is found out only behind a right signature."""
    its = {"webhook-id": case["id"], "webhook-timestamp": str(case["timestamp"]),
           "webhook-signature": case["signature"]}  # fmt: skip
    with pytest.raises(WebhookInvalid, match="body"):
        verify_webhook(case["secret"], its, case["body"].encode(), now=case["timestamp"])
    with pytest.raises(WebhookInvalid, match="signature"):
        verify_webhook(case["secret"], its, case["body"].encode() + b" ", now=case["timestamp"])


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"Webhook-Signature": "v1,AAAA"}, "signature"),
        ({"Webhook-Signature": ""}, "signature"),
        ({"Webhook-Signature": "v1,\u00e9"}, "signature"),
        ({"Webhook-Id": "3a90-3"}, "signature"),
        ({"Webhook-Timestamp": str(SENT_AT + 1)}, "signature"),
        ({"Webhook-Timestamp": "now"}, "malformed"),
    ],
)
def test_anything_else_is_refused(changed, why):
    with pytest.raises(WebhookInvalid, match=why):
        verify_webhook(SECRET, headers() | changed, BODY.encode(), now=SENT_AT)


def test_what_is_missing_or_old_is_refused():
    with pytest.raises(WebhookInvalid, match="missing"):
        verify_webhook(SECRET, {}, BODY.encode())
    for now in (SENT_AT + 301, SENT_AT - 301):
        with pytest.raises(WebhookInvalid, match="old"):
            verify_webhook(SECRET, headers(), BODY.encode(), now=now)
