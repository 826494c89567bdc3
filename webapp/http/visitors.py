"""Visitor classes: what kind of visitor makes a look, by headers and network.

Only a hint, since visitors can lie.  The gate protects the message.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from webapp.http.own_link_cookie import is_own
from webapp.http.request import (
    AGENT_MOST,
    address,
    evidence,
    reading,
    services,
    settings,
    this,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from restante.crypto.tokens import LinkToken, ReaderKey
    from restante.reports import Preview

MACHINES = frozenset({"preview_bot", "prefetch", "scanner_suspected", "program"})
"""The classes of visitors that are machines; the same as in scripts/lib/50_looks.lua."""

PREVIEW_BOT = re.compile(
    # A CUBOT is a phone.
    r"(?<!cu)bot\b|crawler|spider|preview|facebookexternalhit|facebot|whatsapp/|viber|"
    r"slack-imgproxy|embedly|iframely|vkshare|google-read-aloud|googleimageproxy",
    re.IGNORECASE,
)
"""User-Agent marks of chats and search engines that fetch links for a preview."""
PURPOSES = ("HTTP_SEC_PURPOSE", "HTTP_PURPOSE", "HTTP_X_MOZ")
"""Headers in which browsers say that nobody asked for the page yet."""
SCANNER = re.compile(
    r"headless|phantomjs|proofpoint|urldefense|mimecast|barracuda|safelinks|urlscan|virustotal",
    re.IGNORECASE,
)
"""User-Agent marks of mail scanners and headless browsers."""


def visitor(link: LinkToken) -> str:
    """Return the class of a look at this link; docs/glossary.md lists the classes."""
    its = this()
    asked = [its.environ[name] for name in PURPOSES if name in its.environ]
    if asked and any(mark in " ".join(asked).lower() for mark in ("prefetch", "prerender")):
        return "prefetch"
    if is_own(link):
        return "sender"
    agent = its.environ.get("HTTP_USER_AGENT", "")
    kind = _known_kind(agent) if len(agent) <= AGENT_MOST else _kind(agent)
    if kind == "preview_bot":
        return kind
    if is_scanners_network():
        return "scanner_suspected"
    # Browsers never send HEAD for a page.
    return "scanner_suspected" if kind == "browser" and its.method == "HEAD" else kind


def _kind(agent: str) -> str:
    """Return the class that a User-Agent header tells of."""
    if PREVIEW_BOT.search(agent):
        return "preview_bot"
    if SCANNER.search(agent):
        return "scanner_suspected"
    return "browser" if "Mozilla/" in agent else "program"


_known_kind = lru_cache(maxsize=1024)(_kind)


def is_scanners_network() -> bool:
    """Tell whether the visitor is in one of the scanner networks of the settings."""
    networks = settings().scanner_networks
    its = address() if networks else None
    return its is not None and any(its in network for network in networks)


def look_at(
    link: LinkToken,
    reader_keys: Sequence[ReaderKey] = (),
    kind: str | None = None,
    *,
    counts: bool = True,
) -> Preview:
    """Return what the gate shows this visitor, and record a look if it *counts*.

    *kind* is the look's class, if the caller knows more than the request tells.

    Raises:
        NotFound: No such link.
    """
    kind = kind or visitor(link)
    seen = reading().preview(link, reader_keys, visitor=kind if counts else "", evidence=evidence())
    if counts and (meters := services().meters):
        meters.looked(kind)
    return seen
