"""Checks the way to the push services of browsers' makers: does each answer, over TLS?"""

from __future__ import annotations

import socket
import ssl
from threading import Thread
from typing import TYPE_CHECKING

from restante.commands import checks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from restante.commands.checks import Finding
    from restante.settings import Settings

SERVICES = (
    ("fcm.googleapis.com", 443),
    ("updates.push.services.mozilla.com", 443),
    ("web.push.apple.com", 443),
)
"""Of Chrome, Edge on Android and others; of Firefox; of Safari."""
TIMEOUT_SECONDS = 4.0


def of_push(settings: Settings, services: Sequence[tuple[str, int]] = SERVICES) -> Finding | None:
    """Check which push services answer; None if no browser can be told.  Nothing is posted."""
    if not (settings.push and settings.secure):
        return None
    reached: set[str] = set()
    # Looking up a name cannot be called off: what takes longer is left behind.
    asking = [
        Thread(target=_reach, args=(host, port, reached), daemon=True) for host, port in services
    ]
    for one in asking:
        one.start()
    for one in asking:
        one.join(TIMEOUT_SECONDS)
    away = [host for host, _ in services if host not in reached]
    if not away:
        return checks.ok("the push services of browsers answer")
    return checks.warning(
        f"no answer from {', '.join(away)}: if the worker does not reach them either, senders are"
        " not told in those browsers"
    )


def _reach(host: str, port: int, reached: set[str]) -> None:
    try:
        with (
            socket.create_connection((host, port), TIMEOUT_SECONDS) as line,
            ssl.create_default_context().wrap_socket(line, server_hostname=host),
        ):
            reached.add(host)
    except OSError:  # also what is wrong with its certificate
        return
