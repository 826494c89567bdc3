"""The cookie with which a browser fetches the files of a message that it opened.

    cookie `files` = ordinal of the reader key "." files token

It is for one link: its path is the link's page.  It opens nothing without the cookie `reader`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from flask import url_for

from webapp.http.cookies import set_cookie
from webapp.http.request import read_cookie, settings

if TYPE_CHECKING:
    from flask import Response

    from restante.crypto.tokens import LinkToken

COOKIE: Final = "files"
FORM = re.compile(r"(\d{1,3})\.([A-Za-z0-9_-]{80})")


class Held(NamedTuple):
    """What the cookie says: which of the browser's views it belongs to, and the files token."""

    ordinal: int
    token: str


def held() -> Held | None:
    """Return what this browser holds of the link that is asked for."""
    found = FORM.fullmatch(read_cookie(COOKIE))
    return Held(int(found[1]), found[2]) if found else None


def remember(response: Response, link: LinkToken, its: Held) -> Response:
    """Set the cookie for as long as a download can keep a lease open."""
    value = f"{its.ordinal}.{its.token}"
    set_cookie(response, COOKIE, value, max_age=settings().download_most, path=_path(link))
    return response


def drop(response: Response, link: LinkToken) -> Response:
    """Delete the cookie: the reader is done."""
    if read_cookie(COOKIE):
        set_cookie(response, COOKIE, "", max_age=0, path=_path(link))
    return response


def _path(link: LinkToken) -> str:
    return url_for("viewer.preview", pasted=str(link))
