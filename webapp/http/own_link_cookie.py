"""The cookie with the sender's own links, so that their looks are classed as the sender's.

    cookie `own` = tag || tag …, newest first
    tag          = base64url( HMAC-SHA-256(key, link id)[:6] )

It has a tag for each link, since the gate does not know the message.  The store never sees the
tags.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, Final

from webapp.http.cookies import YEAR_SECONDS, set_cookie
from webapp.http.request import read_cookie, services

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flask import Response

    from restante.crypto.tokens import LinkToken

COOKIE: Final = "own"
TAG_BYTES, TAG_SIZE = 6, 8
MOST = 200
"""Maximum number of links; the cookie then has 1,600 characters."""


def is_own(link: LinkToken) -> bool:
    """Tell whether this browser sent this link or saw it on its control page."""
    known = _known()
    return bool(known) and _tag(link) in known


def remember(response: Response, links: Iterable[LinkToken]) -> Response:
    """Add these links to the cookie."""
    known = _known()
    new = [tag for tag in map(_tag, links) if tag not in known]
    if new:
        set_cookie(response, COOKIE, "".join([*new, *known][:MOST]), max_age=YEAR_SECONDS)
    return response


def _known() -> list[str]:
    kept = read_cookie(COOKIE)[: MOST * TAG_SIZE]
    return [kept[at : at + TAG_SIZE] for at in range(0, len(kept), TAG_SIZE)]


def _tag(link: LinkToken) -> str:
    tag = hmac.digest(services().key_for("own"), link.link_id, hashlib.sha256)[:TAG_BYTES]
    return base64.urlsafe_b64encode(tag).decode()
