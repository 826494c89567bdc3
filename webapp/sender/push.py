"""What pages need to tell the sender's browser, and the subscription in a form."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from flask import Response, request

from restante.errors import Fault
from restante.notices import DEFAULTS, EVENTS
from restante.subscriptions import Subscription
from webapp.http import headers
from webapp.http.i18n import current
from webapp.http.request import services, settings

if TYPE_CHECKING:
    from restante.reports import Status

WRITTEN_MOST = 2_000
"""Characters of a subscription."""
FIELDS = ("push_here", *(f"push.{name}" for name in EVENTS))
"""What the compose page shows again; the subscription itself is the browser's."""


class Telling(NamedTuple):
    """What the pages need to know.

    Attributes:
        keys: The public keys that we can sign for, newest first.
        told: Ids of the browsers that are told, in hexadecimal.
    """

    keys: str
    told: str
    message: str


def view(status: Status | None = None) -> Telling | None:
    """Return what a page needs to know; None if no browser is told."""
    its = services()
    if not its.settings.push:
        return None
    told = " ".join(one.hex() for one in status.subscribers) if status else ""
    message = status.message_id.hex() if status else ""
    return Telling(" ".join(its.vapid_keys.public), told, message)


def permit_worker(response: Response) -> None:
    """Let a page register the service worker."""
    if settings().push:
        response.headers["Content-Security-Policy"] = headers.WITH_WORKER


def from_draft(faults: list[Fault]) -> Subscription | None:
    """Return the browser that a new message's sender wants to be told in."""
    if not request.form.get("push_here"):
        return None
    named = tuple(name for name in EVENTS if request.form.get(f"push.{name}"))
    its = subscription(request.form.get("push", ""), named)
    if its is None:
        faults.append(Fault("push", "not a subscription"))
    return its


def subscription(written: str, chosen: tuple[str, ...] = ()) -> Subscription | None:
    """Read what the page's script wrote; the channel checks the rest."""
    try:
        its: Any = json.loads(written[:WRITTEN_MOST])
        endpoint, keys, key = its["endpoint"], its["keys"], its["key"]
        p256dh, auth = keys["p256dh"], keys["auth"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not all(isinstance(one, str) for one in (endpoint, p256dh, auth, key)):
        return None
    root_id = services().vapid_keys.root_of(key)
    if root_id is None:
        return None
    named = tuple(name for name in EVENTS if name in chosen) or DEFAULTS
    return Subscription(endpoint, p256dh, auth, root_id, current().code, named)
