"""Mailed codes: creates and verifies them.

    code = six random digits, uniformly distributed
    mac  = HMAC-SHA-256(HMAC-SHA-256(root key, "restante/v1/mailed-code"), link id || code)[:16]

The store keeps the MAC with the link.  It keeps the code in a box for the worker, while the
code is valid.  A mailed code only passes the gate; it is no key and decrypts nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING

from restante.email_address import shared_mailbox

if TYPE_CHECKING:
    from restante.crypto.keyring import Keyring

DIGITS = 6
GOOD_SECONDS = 600
PAUSE_SECONDS = 60
"""Shortest time between two mailed codes for one link."""
CODES_MOST = 10
"""Quota of mailed codes per link: a link cannot be used to flood a mailbox."""
MAC_SIZE = 16


def new_code() -> str:
    """Return six random digits."""
    return f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"


def mac(root_key: bytes, link_id: bytes, code: str) -> bytes:
    """Return the MAC of a mailed code, which the store keeps in place of the code."""
    key = hmac.digest(root_key, b"restante/v1/mailed-code", hashlib.sha256)
    return hmac.digest(key, link_id + code.encode(errors="replace"), hashlib.sha256)[:MAC_SIZE]


def macs(keyring: Keyring, link_id: bytes, written: str | None) -> bytes:
    """Return the MACs of a code under every root key; empty without a code."""
    code = written and written.strip()
    if not code:
        return b""
    return b"".join(mac(keyring[root_id], link_id, code) for root_id in keyring.ids)


def address_id(keyring: Keyring, address: str) -> bytes:
    """Return the pseudonym of a mailbox for its quota: an HMAC under the root key."""
    key = hmac.digest(keyring.newest, b"restante/v1/mailed-address", hashlib.sha256)
    return hmac.digest(key, shared_mailbox(address).encode(), hashlib.sha256)[:MAC_SIZE]
