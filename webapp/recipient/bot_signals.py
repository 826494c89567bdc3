"""Bot signals: what makes a form look as if no person had sent it.

Nothing here refuses anybody.  What looks wrong gets a challenge, a number to type; one field is a
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
"""Fields of the gate: one that people do not see, one that says that scripts ran, and one
that says that they saw a pointer, a key or a touch."""
SINCE = {"Chrome": 76, "Firefox": 90}
SAYS_WHY = re.compile(r"\b(Chrome|Firefox)/(\d{1,4})")
"""Browsers that say why they ask, and since which version."""


class Why(StrEnum):
    """Why a form was not taken as a person's."""

    AGAIN = "again"
    """There was no ticket, or an old one: the gate, once more."""
    QUICK = "quick"
    FOREIGN = "foreign"
    STRANGER = "stranger"
    """The ticket is another browser's or link's, or cookies are off."""
    NUMBER = "number"
    """The number was not the one on the page."""
    DECOY = "decoy"
    """A field came filled in that people do not see."""
    SCRIPTED = "scripted"
    """The browser says that the page was asked for, but not that a person asked."""
    UNTOUCHED = "untouched"
    """Scripts ran and saw no pointer, key or touch."""
    SILENT = "silent"
    """Over TLS the browser left out what every browser of its name and version says."""
    NETWORK = "network"
    """The visitor comes from a network of scanners."""
    MACHINE = "machine"
    """The visitor calls itself a machine, or nothing at all."""
    WATCHED = "watched"
    """A machine looked at this link a few minutes ago."""

    ALWAYS = "always"
    """Everybody is asked, by the sender's wish or the operator's."""

    @property
    def is_robots(self) -> bool:
        """No person's own press looks so."""
        return self in {Why.DECOY, Why.SCRIPTED, Why.UNTOUCHED}


def find(link: LinkToken) -> Why | None:
    """Return what looks wrong about the form that came in, the plainest sign first."""
    if request.form.get(DECOY):
        return Why.DECOY
    if _is_scripted():
        return Why.SCRIPTED
    if request.form.get(SCRIPTS) and not request.form.get(HAND):
        return Why.UNTOUCHED
    return of_origin(link) or (Why.SILENT if _is_silent() else None)


def of_origin(link: LinkToken) -> Why | None:
    """Return what looks wrong about where the visitor comes from, or what it calls itself."""
    if is_scanners_network():
        return Why.NETWORK
    if visitor(link) in MACHINES:
        return Why.MACHINE
    return None


def _is_silent() -> bool:
    """Tell whether a browser that names itself says nothing of why it asks.

    Chromium says it since 76 and Firefox since 90 (Fetch Metadata), wherever the page came over
    TLS: what does not has borrowed the name, or something on the way takes headers out.
    """
    if not settings().secure or request.headers.get("Sec-Fetch-Mode"):
        return False
    named = SAYS_WHY.search(request.user_agent.string)
    return named is not None and int(named[2]) >= SINCE[named[1]]


def _is_scripted() -> bool:
    """Tell whether the browser would have said that a person asked, and did not.

    Old browsers, and all of them over plain http to another host, send none of these headers.
    WebKit sends them but for Sec-Fetch-User (https://webkit.org/b/247697); what calls itself
    WebKit and names its brands as Chromium does is none.
    """
    if not request.headers.get("Sec-Fetch-Mode") or request.headers.get("Sec-Fetch-User") == "?1":
        return False
    agent = request.user_agent.string
    is_webkit = "AppleWebKit/" in agent and "Chrome/" not in agent
    return not is_webkit or "Sec-CH-UA" in request.headers
