"""Parses e-mail addresses: one mailbox, `ana@example.com` or `Ana <ana@example.com>`.

Much stricter than RFC 5322: no lists, comments, quotes or routes, and ASCII only (domains in
other scripts are written `xn--…`).  This prevents header and command injection in mail.
"""

from __future__ import annotations

import re
from typing import NamedTuple

ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
ADDRESS = re.compile(rf"(?P<local>{ATOM}(?:\.{ATOM})*)@{LABEL}(?:\.{LABEL})*\.(?!\d+$){LABEL}")
NAMED = re.compile(r"(?P<name>[^<>@\";:\\()\[\]\r\n]*?) *<(?P<address>[^<>\s]+)>")
MAILBOX_MOST = 1_100
"""Characters of name and address: searching more for the address takes quadratic time."""
LOCAL_MOST, ADDRESS_MOST = 64, 254
"""RFC 5321, 4.5.3.1: a path has at most 256 characters, including its two brackets."""

UNDOTTED = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}
"""Domains that deliver an address with any dots before the @ to the same mailbox."""


class Mailbox(NamedTuple):
    """A mail address, and the display name before it, which may be empty."""

    name: str
    address: str


def mailbox(written: str) -> Mailbox | None:
    """Parse *written* as one mailbox; return None if it is not exactly one."""
    written = written.strip()
    if len(written) > MAILBOX_MOST:
        return None
    named = NAMED.fullmatch(written)
    name, address = (named["name"], named["address"]) if named else ("", written)
    found = ADDRESS.fullmatch(address) if len(address) <= ADDRESS_MOST else None
    if found is None or len(found["local"]) > LOCAL_MOST:
        return None
    return Mailbox(name.strip(), address)


def shared_mailbox(address: str) -> str:
    """Return the address by which all its variants are counted as one.

    `ana+bank@…` counts as `ana@…`, since most servers deliver both to one mailbox; Gmail also
    ignores dots.
    """
    local, _, its_domain = address.lower().rpartition("@")
    local = local.partition("+")[0]
    if its_domain in UNDOTTED:
        local, its_domain = local.replace(".", ""), UNDOTTED[its_domain]
    return f"{local}@{its_domain}"


def domain(address: str) -> str:
    """Return the domain of a mail address, in lower case."""
    return address.rpartition("@")[2].lower()
