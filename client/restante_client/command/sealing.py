"""Seals the list of sent messages with a key in the system's keyring, where there is one."""

from __future__ import annotations

import base64
import json
import os
import secrets
from typing import Any

from restante_client.command.exits import CONFIG, Failure
from restante_client.command.texts import _

SERVICE, NAME = "restante", "sent messages"
NONCE, KEY = 12, 32
ABOUT = b"restante client: sent messages"


def seal(messages: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what is written into the file: sealed, or as it is without a keyring."""
    if (key := _key(make=True)) is None:
        return {"messages": messages}
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 (optional)

    nonce = secrets.token_bytes(NONCE)
    body = AESGCM(key).encrypt(nonce, json.dumps(messages).encode(), ABOUT)
    return {"sealed": base64.b64encode(nonce + body).decode()}


def unseal(held: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the messages in the file.

    Raises:
        Failure: It is sealed, and the keyring is not there, or has another key.
    """
    if "sealed" not in held:
        found: list[dict[str, Any]] = held.get("messages", [])
        return found
    if (key := _key(make=False)) is None:
        told = _("The list of sent messages is sealed, and its key is not in the system's keyring.")
        raise Failure(told, CONFIG)
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 (optional)
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 (optional)

    try:
        raw = base64.b64decode(held["sealed"], validate=True)
        found = json.loads(AESGCM(key).decrypt(raw[:NONCE], raw[NONCE:], ABOUT))
    except (InvalidTag, ValueError, TypeError):
        told = _("The list of sent messages is sealed, and its key is not in the system's keyring.")
        raise Failure(told, CONFIG) from None
    return found


def _key(*, make: bool) -> bytes | None:
    """Return the key from the keyring; None if there is no keyring, or no key and not *make*."""
    if os.environ.get("RESTANTE_CLIENT_KEYRING") == "off":
        return None
    try:
        import cryptography  # noqa: F401, PLC0415 (optional, and the sealing needs it)
        import keyring  # noqa: PLC0415 (optional)
        from keyring.errors import KeyringError  # noqa: PLC0415 (optional)
    except ImportError:
        return None
    try:
        written = keyring.get_password(SERVICE, NAME)
        if written is None and make:
            written = base64.b64encode(secrets.token_bytes(KEY)).decode()
            keyring.set_password(SERVICE, NAME, written)
    except (KeyringError, OSError, RuntimeError):
        return None
    try:
        return None if written is None else base64.b64decode(written, validate=True)
    except ValueError:
        return None
