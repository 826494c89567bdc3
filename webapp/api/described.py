"""What the description of API v1 says beside what operations declare: tokens, headers, limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from restante.crypto.send_key import SendKey
from restante.crypto.tokens import ReaderKey

if TYPE_CHECKING:
    from collections.abc import Iterable

    from restante.settings import Settings

API = """\
Send, read and recall messages. Tokens go into `Authorization: Bearer …`, never into the URL. Times
are RFC 3339 in UTC, durations are whole seconds. Numbers have no decimal point. `null` is not a
value in a request: leave the field out. An unknown field in a request is an error. v1 only gains
fields: ignore fields that you do not know. Problems are RFC 9457; `code` is stable. No answer is
cached, and there is no CORS.
"""
TOKENS = {
    "controlToken": "The control token of a message, `C…`, 35 characters: for its sender.",
    "linkToken": "The token of one link, `L…`, 35 characters: for its recipient.",
    "uploadToken": "An upload token, `U…`, 35 characters: for who uploads a file.",
    "senderToken": "A sender token, `S…`, 33 characters: the operator gives it to who may send.",
}


class Key(NamedTuple):
    """How an Idempotency-Key is written, and what it does."""

    least: int
    most: int
    meaning: str


KEYS = {
    ReaderKey: Key(
        16,
        128,
        "The reader key: a new UUID for each view. A view and its lease belong to this key. Keep it"
        " as secret as the link.",
    ),
    SendKey: Key(
        32,
        128,
        "Makes a send safe to repeat: a new UUID for each message. For a day the same request with"
        " the same key gets the same answer.",
    ),
}
A_KEY = "6f1f9d3c-5b0e-4c55-9a3b-0d4f1f6f9f10"
HEADERS = {
    "Retry-After": {
        "description": "Seconds to wait before the request is repeated.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "WWW-Authenticate": {
        "description": "`Bearer`, if a sender token would help.",
        "schema": {"type": "string"},
    },
    "ETag": {
        "description": "Changes with whatever is in the answer.",
        "schema": {"type": "string", "pattern": '^"[0-9.]+"$'},
    },
    "Location": {
        "description": "Where what was made is. The token goes into `Authorization`.",
        "schema": {"type": "string"},
    },
    "Upload-Offset": {
        "description": "Bytes of the file that are kept: where the upload goes on.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "Upload-Complete": {
        "description": "`?1` once the file is complete.",
        "schema": {"type": "string", "enum": ["?0", "?1"]},
    },
    "Upload-Length": {
        "description": "Bytes of the whole file.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "Upload-Limit": {
        "description": "What a file may be.",
        "schema": {"type": "string"},
    },
}
OF_UPLOADS = tuple(name for name in HEADERS if name.startswith("Upload-"))
PARTIAL = [
    {
        "name": "Upload-Offset",
        "in": "header",
        "required": True,
        "description": "Where in the file the body belongs.",
        "schema": {"type": "integer", "minimum": 0},
    },
    {
        "name": "Upload-Complete",
        "in": "header",
        "required": True,
        "description": "`?1` if the body is the rest of the file.",
        "schema": {"type": "string", "enum": ["?0", "?1"]},
    },
]
FILES_TOKEN = {
    "name": "Files-Token",
    "in": "header",
    "required": True,
    "description": "`files_token` in the answer of the reveal.",
    "schema": {"type": "string"},
}
RANGE = {
    "name": "Range",
    "in": "header",
    "description": "`bytes=…-…`: one part of the file.",
    "schema": {"type": "string"},
}
BINARY = {"schema": {"type": "string", "format": "binary"}}
BYTES = {"application/octet-stream": BINARY}
HEADERS_OF_PROBLEMS = {
    "Retry-After": {"rate-limited", "held", "unavailable"},
    "Upload-Offset": {"offset-wrong"},
    "WWW-Authenticate": {"not-a-sender"},
}
IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The `ETag` of the answer that you have.",
    "schema": {"type": "string"},
}
SIGNED = [
    {
        "name": name,
        "in": "header",
        "required": True,
        "description": about,
        "schema": {"type": "string"},
    }
    for name, about in (
        ("webhook-id", "The event's id. A repeat has the same."),
        ("webhook-timestamp", "When this try was made, in seconds since 1970."),
        ("webhook-signature", "`v1,` and base64 of HMAC-SHA-256 over id, timestamp and body."),
    )
]
RECEIVED = {
    "2XX": {"description": "Delivered. Answer within 10 seconds, once you have stored the event."},
    "410": {"description": "Given up at once."},
    "default": {"description": "Tried again for three days. Only the status is read."},
}
COUNTED = {
    "send": "sends and changes",
    "preview": "previews",
    "status": "requests of the status",
    "reveal": "reveals",
    "upload": "requests that bring or fetch a part of a file",
    "passphrase": "requests with a passphrase or a mailed code",
}


def limited(names: Iterable[str], settings: Settings) -> str:
    """Say how many requests of these kinds a network can make."""
    if not settings.rate_limits:
        return ""
    most = (f"{getattr(settings, f'limit_{name}')} {COUNTED[name]}" for name in names)
    return f"At most {' and '.join(most)} per network and minute."
