"""E-mail addresses as we take them: one mailbox, `ana@example.com` or `Ana <ana@example.com>`.

Far stricter than RFC 5322: no lists, comments, quotes or routes, ASCII alone (a domain in other
letters is written `xn--…`).  What passes holds nothing that could become a header or a command.
"""

from __future__ import annotations

import re
from typing import NamedTuple

ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
ADDRESS = re.compile(rf"(?P<local>{ATOM}(?:\.{ATOM})*)@{LABEL}(?:\.{LABEL})*\.(?!\d+$){LABEL}")
NAMED = re.compile(r"(?P<name>[^<>@\",;:\\()\[\]\r\n]*?) *<(?P<address>[^<>\s]+)>")
LOCAL_MOST, ADDRESS_MOST = 64, 254
"""RFC 5321, 4.5.3.1; the path's brackets are two of its 256."""


class Mailbox(NamedTuple):
    """An address, and the name that stands before it, or nothing."""

    name: str
    address: str


def mailbox(written: str) -> Mailbox | None:
    """Return the one mailbox that is written so, or None."""
    written = written.strip()
    named = NAMED.fullmatch(written)
    name, address = (named["name"], named["address"]) if named else ("", written)
    found = ADDRESS.fullmatch(address) if len(address) <= ADDRESS_MOST else None
    if found is None or len(found["local"]) > LOCAL_MOST:
        return None
    return Mailbox(name.strip(), address)
