"""Carries a message's passphrase to its control page, which shows it to the sender once more.

    cookie `passphrase` = base64url( nonce (12) || AES-256-GCM(key, passphrase, aad = message id) )

Only the service can open it, and it keeps no copy: the cookie lives two minutes, and the first
control page that shows it deletes it.  docs/decisions/0072-a-passphrase-is-shown-once-more.md
"""

from __future__ import annotations

import base64
import binascii
import os
from typing import TYPE_CHECKING, Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from restante import made_passphrase
from webapp.http.cookies import set_cookie
from webapp.http.request import read_cookie, services

if TYPE_CHECKING:
    from flask import Response

    from restante.crypto.tokens import ControlToken

COOKIE: Final = "passphrase"
SECONDS = 120
NONCE_SIZE = 12
BYTES_MOST = 1_100
"""A longer one, of many marks, is not carried: proxies limit the headers of a response."""


class Told(NamedTuple):
    """A passphrase to show; the page folds it away if the sender thought of it."""

    passphrase: str
    is_made: bool


def carry(response: Response, control: ControlToken, passphrase: str) -> None:
    """Give the passphrase to this browser for the control page of this message."""
    plain = passphrase.encode()
    if len(plain) <= BYTES_MOST:
        nonce = os.urandom(NONCE_SIZE)
        sealed = nonce + _cipher().encrypt(nonce, plain, control.message_id)
        value = base64.urlsafe_b64encode(sealed).decode().rstrip("=")
        set_cookie(response, COOKIE, value, max_age=SECONDS)


def take(response: Response, told: Told | None) -> None:
    """Take back what this response tells: no other page shows it."""
    if told:
        set_cookie(response, COOKIE, "", max_age=0)


def find(control: ControlToken) -> Told | None:
    """Return the passphrase that this browser brings for this message."""
    try:
        sealed = base64.urlsafe_b64decode(read_cookie(COOKIE) + "==")
        nonce, box = sealed[:NONCE_SIZE], sealed[NONCE_SIZE:]
        passphrase = _cipher().decrypt(nonce, box, control.message_id).decode()
    except (binascii.Error, InvalidTag, ValueError):
        return None
    return Told(passphrase, made_passphrase.is_made(passphrase))


def _cipher() -> AESGCM:
    return AESGCM(services().key_for("passphrase"))
