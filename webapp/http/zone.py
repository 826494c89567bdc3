"""The sender's time zone, for times in what is copied or downloaded: no script can change those.

Scripts fill in the field `zone` of a form; the cookie `zone` remembers it.  Without, it is UTC.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import request

from restante import zones
from webapp.http.cookies import YEAR_SECONDS, set_cookie
from webapp.http.request import read_cookie

if TYPE_CHECKING:
    from datetime import tzinfo

    from flask import Response

COOKIE: Final = "zone"
FIELD = "zone"


def remember(response: Response) -> None:
    """Set the cookie to the zone in the form, if it is one."""
    name = request.form.get(FIELD, "")
    if zones.is_zone(name):
        set_cookie(response, COOKIE, name, max_age=YEAR_SECONDS)


def of_visitor() -> tzinfo:
    """Return the visitor's time zone, or UTC."""
    return zones.zone(read_cookie(COOKIE))
