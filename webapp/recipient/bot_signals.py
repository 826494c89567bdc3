"""Bot signals: signs that a machine, not a person, sent a form.

They refuse no visitor: a suspicious form gets a challenge, a number to type.  One field is a
honeypot (docs/decisions/0030-what-looks-like-a-machine.md).
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

from flask import request

from webapp.http.request import settings
from webapp.http.visitors import MACHINES, is_scanners_network, visitor

if TYPE_CHECKING:
    from restante.crypto.tokens import LinkToken

DECOY, SCRIPTS, HAND = "remark", "scripts", "hand"
"""Fields of the gate: the honeypot, which people do not see; one that tells that scripts ran; and
one that tells that they saw a pointer, a key or a touch."""
SINCE = {"Chrome": 76, "Firefox": 90}
SAYS_WHY = re.compile(r"\b(Chrome|Firefox)/(\d{1,4})")
"""Browsers that send Fetch Metadata, and since which version."""


class Why(StrEnum):
    """Why a form gets the gate again or a challenge."""

    AGAIN = "again"
    """The ticket is missing or expired: show the gate again."""
    QUICK = "quick"
    STRANGER = "stranger"
    """The ticket belongs to another browser or link, or cookies are off."""
    NUMBER = "number"
    """The number was not the one on the page."""
    DECOY = "decoy"
    """The honeypot field was filled in."""
    SCRIPTED = "scripted"
    """The browser sends Fetch Metadata, but not that a person made the request."""
    UNTOUCHED = "untouched"
    """Scripts ran and saw no pointer, key or touch."""
    SILENT = "silent"
    """Over TLS the browser did not send Fetch Metadata, unlike every browser of its version."""
    NETWORK = "network"
    """The visitor comes from a network of scanners."""
    MACHINE = "machine"
    """The User-Agent header names a machine, or nothing."""
    WATCHED = "watched"
    """A machine looked at this link a few minutes ago."""

    ALWAYS = "always"
    """The sender or the operator wants a challenge for every reader."""

    @property
    def is_robots(self) -> bool:
        """A person's press never looks like this."""
        return self in {Why.DECOY, Why.SCRIPTED, Why.UNTOUCHED}


def find(link: LinkToken) -> Why | None:
    """Return the first sign of a machine in this form, the clearest signs first."""
    if request.form.get(DECOY):
        return Why.DECOY
    if _is_scripted():
        return Why.SCRIPTED
    if request.form.get(SCRIPTS) and not request.form.get(HAND):
        return Why.UNTOUCHED
    return of_origin(link) or (Why.SILENT if _is_silent() else None)


def of_origin(link: LinkToken) -> Why | None:
    """Return the sign of a machine in the visitor's network or User-Agent header."""
    if is_scanners_network():
        return Why.NETWORK
    if visitor(link) in MACHINES:
        return Why.MACHINE
    return None


def _is_silent() -> bool:
    """Tell whether Fetch Metadata is missing from a browser that always sends it.

    Chromium sends it since 76 and Firefox since 90, over TLS.  If it is missing, the User-Agent
    header is forged, or something in between removes headers.
    """
    if not settings().secure or request.headers.get("Sec-Fetch-Mode"):
        return False
    named = SAYS_WHY.search(request.user_agent.string)
    return named is not None and int(named[2]) >= SINCE[named[1]]


def _is_scripted() -> bool:
    """Tell whether the browser sends Fetch Metadata, but not that a person made the request.

    Old browsers, and all browsers over plain http to another host, send none of these headers.
    WebKit does not send Sec-Fetch-User (https://webkit.org/b/247697).  A client that claims to be
    WebKit but sends Sec-CH-UA is not WebKit.
    """
    if not request.headers.get("Sec-Fetch-Mode") or request.headers.get("Sec-Fetch-User") == "?1":
        return False
    agent = request.user_agent.string
    is_webkit = "AppleWebKit/" in agent and "Chrome/" not in agent
    return not is_webkit or "Sec-CH-UA" in request.headers
