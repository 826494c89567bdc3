"""The answers of the control page's routes: the page itself, also when something went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, make_response, redirect, url_for

from restante.crypto.tokens import ControlToken
from restante.errors import Gone, Invalid, NotFound, RestanteError, TooLarge, Unavailable
from restante.messages import Page
from webapp.http import floods, form, own_link_cookie, pages, rate_limits, request_size
from webapp.http.errors import RateLimited, told
from webapp.http.request import cookie, managing
from webapp.sender import page_parts, private_page, push, read_files

if TYPE_CHECKING:
    from collections.abc import Callable

    from restante.reports import Status
    from webapp.sender.told_passphrase import Told

NEWEST, BRIEF = Page(most=page_parts.EVENTS_SHOWN), Page(most=1)


def act(
    token: str,
    deed: Callable[[ControlToken], None],
    then: str | None = None,
    *,
    counts_faults: bool = False,
) -> Response:
    """Do something to a message, and show its page, or what is *then* shown; or what is wrong.

    *counts_faults*: an invalid request counts as a visit of the page, as nothing else counts it.
    """
    control = ControlToken.find(token)
    try:
        if not private_page.is_known_open(control):
            status = managing().status(control, BRIEF, cookie=cookie("sender"))
            if not private_page.is_open(control, status):
                return private_page.warning(control)
        deed(control)
    except NotFound:
        # Forms may be large, so requests without a valid token have a rate limit.
        with rate_limits.status:
            raise
    except (Invalid, TooLarge, Gone, Unavailable, RateLimited) as error:
        shown = counted(error) if counts_faults and isinstance(error, Invalid) else error
        return page(control, managing().status(control, NEWEST), shown)
    where = url_for("control.show", pasted=str(control))
    if then:
        where = url_for(then, token=str(control))
    return make_response(redirect(where, code=303))


def counted(error: Invalid) -> RestanteError:
    """Count an invalid recall or forget as a visit of the page, since it only shows the page again.

    Above the rate limit the page is still shown for a while, later only a short error.
    """
    try:
        with rate_limits.status:
            return error
    except RateLimited as too_often:
        if floods.refusals.is_flood(("status",)):
            raise
        return too_often


def read_form(control: ControlToken) -> None:
    """Read a form that can bring files, if the message exists."""
    if request_size.is_streamed():
        try:
            with rate_limits.status:
                managing().status(control, BRIEF)
        except RestanteError:
            request_size.read_no_more()
            raise
        read_files.read(control.shard)


def page(
    control: ControlToken,
    status: Status,
    error: RestanteError | None = None,
    *,
    passphrase: Told | None = None,
) -> Response:
    """Return the control page, with what went wrong."""
    shown = pages.render(
        "sender/control.html",
        view=page_parts.view(status, error),
        passphrase=passphrase,
        telling=push.view(status),
        written=form.typed(*page_parts.WRITTEN),
        **page_parts.values(control, status),
    )
    response = told(shown, error) if error else make_response(shown)
    push.permit_worker(response)
    return own_link_cookie.remember(response, [link.token for link in status.links])
