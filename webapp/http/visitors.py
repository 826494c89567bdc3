"""Visitor classes: what kind of visitor makes a look, by headers and network.

Only a hint, since visitors can lie.  The gate protects the message.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flask import request

from webapp.http.own_link_cookie import is_own
from webapp.http.request import address, evidence, reading, services, settings

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
SCANNER = re.compile(
    r"headless|phantomjs|proofpoint|urldefense|mimecast|barracuda|safelinks|urlscan|virustotal",
    re.IGNORECASE,
)
"""User-Agent marks of mail scanners and headless browsers."""


def visitor(link: LinkToken) -> str:
    """Return the class of a look at this link; docs/glossary.md lists the classes."""
    purpose = " ".join(request.headers.get(h, "") for h in ("Sec-Purpose", "Purpose", "X-Moz"))
    if "prefetch" in purpose.lower() or "prerender" in purpose.lower():
        return "prefetch"
    if is_own(link):
        return "sender"
    agent = request.user_agent.string
    if PREVIEW_BOT.search(agent):
        return "preview_bot"
    if SCANNER.search(agent) or is_scanners_network():
        return "scanner_suspected"
    if "Mozilla/" not in agent:
        return "program"
    # Browsers never send HEAD for a page.
    return "scanner_suspected" if request.method == "HEAD" else "browser"


def is_scanners_network() -> bool:
    """Tell whether the visitor is in one of the scanner networks of the settings."""
    its = address()
    return its is not None and any(its in network for network in settings().scanner_networks)


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
