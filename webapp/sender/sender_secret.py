"""The cookie `sender`: when a browser gets it, keeps it, changes it and gives it up.

While a list moves to another secret, the browser has both: `sender` and `next`.  The page that asks
whether to move it sets `next`, so that an answer that is lost loses no secret.  It stays there: an
answer to another tab that comes late can set `sender` back, and then `next` still has the list.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from restante.crypto.tokens import ListToken
from restante.errors import Unavailable
from restante.store.replies import Changed
from webapp.http import csrf
from webapp.http.cookies import YEAR_SECONDS, set_cookie
from webapp.http.request import cookie, is_ambiguous, new_cookie, sent_list, settings
from webapp.sender import private_page

if TYPE_CHECKING:
    from flask import Response

    from restante.crypto.tokens import ControlToken
    from restante.reports import Sent


def listed() -> ListToken | None:
    """Return the list of this browser."""
    return ListToken.of_cookie(cookie("sender"))


def next_list() -> ListToken | None:
    """Return the list that this browser's list moves to."""
    return ListToken.of_cookie(cookie("next"))


def begin(response: Response) -> Response:
    """Give the browser a secret before it sends: two tabs that send at once use the same."""
    if settings().sent_list and not cookie("sender"):
        set_cookie(response, "sender", new_cookie(), max_age=YEAR_SECONDS)
    return response


def to_send_with() -> str | None:
    """Return this browser's secret, or one that it gets with the answer; None if it may get none.

    So it is if only the IP address vouches for the form, or if a neighbour's cookie is beside ours.
    """
    if known := cookie("sender"):
        return known
    return new_cookie() if csrf.is_ours() and not is_ambiguous("sender") else None


def remember(response: Response, secret: str, sent: Sent) -> None:
    """Keep the secret that a message was sent with, unless its list moved meanwhile.

    Then the message joins the new list, and the cookie stays as another answer may have set it.
    The message knows the old secret alone, so its page would warn this browser.
    """
    if sent.unlisted is None:
        keep(response, secret)
        return
    private_page.open_for(response, sent.control)
    old, new = ListToken.of_cookie(secret), next_list()
    if old and new:
        try:
            sent_list().adopt(old, new, sent.unlisted, sent.sent_at)
        except (Changed, Unavailable):
            # The message is sent, and its control page opens: only its line is missing.
            return


def drop(control: ControlToken, sent_at: int | None) -> None:
    """Take a message that was forgotten just now out of this browser's list."""
    its = listed()
    if its and sent_at is not None and settings().sent_list:
        # Who reads the list next drops the line, too.
        with suppress(Unavailable):
            sent_list().drop(its, control, sent_at)


def keep(response: Response, secret: str) -> None:
    """Keep this secret for a year."""
    set_cookie(response, "sender", secret, max_age=YEAR_SECONDS)


def promise(response: Response) -> None:
    """Give the browser a new secret that its list can move to."""
    set_cookie(response, "next", new_cookie(), max_age=YEAR_SECONDS)


def change(response: Response, secret: str) -> None:
    """Keep the secret of another browser in place of this one's."""
    keep(response, secret)
    _drop_next(response)


def give_up(response: Response) -> None:
    """Let the browser forget its secrets."""
    set_cookie(response, "sender", "", max_age=0)
    _drop_next(response)


def _drop_next(response: Response) -> None:
    if cookie("next"):
        set_cookie(response, "next", "", max_age=0)
