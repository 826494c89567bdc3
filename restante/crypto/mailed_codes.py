"""Codes that are mailed: how they are made, known again, and taken out of the outbox.

    code = six digits, each run of them as likely as any other
    mac  = HMAC-SHA-256(HMAC-SHA-256(root key, "restante/v1/mailed-code"), link id || code)[:16]

The store keeps the MAC beside the link and the code itself boxed, for the worker alone, for as
long as it is good.  A code is a gate, no key: it opens nothing that is sealed.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from restante.crypto.keyring import Keyring
    from restante.crypto.sealed_fields import SealedFields
    from restante.store.replies import Entry

DIGITS = 6
GOOD_SECONDS = 600
PAUSE_SECONDS = 60
"""Between two codes for one link."""
CODES_MOST = 10
"""For one link, ever: nobody's mailbox is filled by whoever has a link."""
MAC_SIZE = 16


class Letter(NamedTuple):
    """A code on its way by mail.  None of it is ever logged.

    Attributes:
        number: Which of its link's codes it is, from 1.
    """

    link_id: bytes
    number: int
    address: str
    code: str
    language: str


def new_code() -> str:
    """Return six digits."""
    return f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"


def mac(root_key: bytes, link_id: bytes, code: str) -> bytes:
    """Return what a code is known by."""
    key = hmac.digest(root_key, b"restante/v1/mailed-code", hashlib.sha256)
    return hmac.digest(key, link_id + code.encode(errors="replace"), hashlib.sha256)[:MAC_SIZE]


def macs(keyring: Keyring, link_id: bytes, written: str | None) -> bytes:
    """Return the MACs of a code as a person typed it, under every root key; none for none.

    People copy it with spaces or a dash inside.  What cannot be a code has a MAC, too.
    """
    code = re.sub(r"[\s-]", "", written or "")
    if not code:
        return b""
    return b"".join(mac(keyring[root_id], link_id, code[:64]) for root_id in keyring.ids)


def address_id(keyring: Keyring, address: str) -> bytes:
    """Return what an address is counted by: nothing that names it without the root key.

    `ana+bank@…` counts as `ana@…`: most servers put both into one mailbox.
    """
    local, _, domain = address.lower().rpartition("@")
    address = f"{local.partition('+')[0]}@{domain}"
    key = hmac.digest(keyring.newest, b"restante/v1/mailed-address", hashlib.sha256)
    return hmac.digest(key, address.encode(), hashlib.sha256)[:MAC_SIZE]


def letter(entry: Entry, address: bytes, code: bytes, facts: SealedFields) -> Letter | None:
    """Return what an event asks to be mailed; None where nothing is, or no longer."""
    link_id = entry.link_id
    if link_id is None or not (code and address):
        return None
    to, its = facts.open_address(link_id, address), facts.open_code(link_id, code)
    if not to or not its:
        return None
    number = int(entry.facts.partition("=")[2])
    return Letter(link_id, number, to, its["code"], its["language"])
