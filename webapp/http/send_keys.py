"""The Idempotency-Key of a send, bound to the sender token and to the request's fields."""

from __future__ import annotations

import hashlib
import json

from restante.crypto.send_key import NO_TOKEN, SendKey
from restante.crypto.tokens import SenderToken
from restante.errors import NotASender
from webapp.http import fields
from webapp.http.request import this


def send_key() -> SendKey | None:
    """Return the key of this request; None without one.  Call it before a field is taken.

    Raises:
        Invalid: Not 32 to 128 visible ASCII characters.
    """
    # An empty one is a mistake: who sends it counts on it.
    if (written := this().environ.get("HTTP_IDEMPOTENCY_KEY")) is None:
        return None
    try:
        sender = SenderToken.parse(fields.written_bearer()).token_id
    except NotASender:
        sender = NO_TOKEN
    # The same fields in another order or spelling are the same request.
    body = json.dumps(fields.parsed(), sort_keys=True).encode()
    return SendKey(written, sender, hashlib.sha256(body).digest())
