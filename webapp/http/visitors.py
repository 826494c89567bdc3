"""Visitor classes: what kind of visitor looked, by headers and network.

A hint, not a guard: a visitor can lie.  What guards is the gate.
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
"""The classes that no person comes as; scripts/lib/50_looks.lua has the same."""

PREVIEW_BOT = re.compile(
    # A CUBOT is a phone.
    r"(?<!cu)bot\b|crawler|spider|preview|facebookexternalhit|facebot|whatsapp/|viber|"
    r"slack-imgproxy|embedly|iframely|vkshare|google-read-aloud|googleimageproxy",
    re.IGNORECASE,
)
"""What chats and search engines call themselves that look at links for a preview."""
SCANNER = re.compile(
    r"headless|phantomjs|proofpoint|urldefense|mimecast|barracuda|safelinks|urlscan|virustotal",
    re.IGNORECASE,
)
"""What scanners of mail call themselves, where they do, and browsers that nobody sits at."""


def visitor(link: LinkToken) -> str:
    """Return the class of a look at this link; docs/glossary.md has them all."""
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
    # No browser asks for a page's headers alone.
    return "scanner_suspected" if request.method == "HEAD" else "browser"


def is_scanners_network() -> bool:
    """Tell whether the visitor comes from a network of scanners, as the operator lists them."""
    its = address()
    return its is not None and any(its in network for network in settings().scanner_networks)


def look_at(
    link: LinkToken,
    reader_keys: Sequence[ReaderKey] = (),
    kind: str | None = None,
    *,
    counts: bool = True,
) -> Preview:
    """Return what the gate may show this visitor, and record that it was shown.

    *kind* is the look's class, where more is known than the request says by itself.  What is
    on record already no longer *counts*.

    Raises:
        NotFound: No such link.
    """
    kind = kind or visitor(link)
    seen = reading().preview(link, reader_keys, visitor=kind if counts else "", evidence=evidence())
    if counts and (meters := services().meters):
        meters.looked(kind)
    return seen
