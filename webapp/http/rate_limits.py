"""Rate limits per network and minute, counted in the store with the request that they limit.

A counter's key is an HMAC of the network (IPv4 /32, IPv6 /64); it expires after a minute.
Recall, pause, forget and acknowledge have no limit: they only take access away.

On one node a counter waits for the request's first script and travels with it
(`restante/store/counters.py`).  It is counted before that, if something dear comes first: a large
body, a passphrase.  What no script took is counted at the end.  So every request counts once.
If the store cannot count, Flask-Limiter counts in the memory of this process.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

from flask import g, request
from flask_limiter import Limiter
from limits import RateLimitItemPerMinute

from restante.crypto.tokens import TOKEN_LENGTH
from restante.errors import RestanteError, Unavailable
from restante.messages import SECOND
from restante.store import counters, keys
from restante.store.counters import Counter, LimitReached
from webapp.http import csrf, fields, floods, request_size
from webapp.http.errors import BudgetSpent, RateLimited
from webapp.http.request import network, services

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from flask import Flask

    from restante.wiring import Offload

    V = TypeVar("V", bound=Callable[..., Any])

LARGE_FORMS = {*request_size.WITH_FILE, "control.replace", "control.translate"}
WINDOW_MS = RateLimited.wait_seconds * SECOND
PAUSE_SECONDS = 1.0
"""How long to count in memory after the store failed to: if it hangs, each visitor would wait."""

limiter = Limiter(lambda: network_id().hex(), headers_enabled=False)
_failed_at = float("-inf")


def network_id() -> bytes:
    """Return the key of the visitor's network; all unknown IP addresses count as one network."""
    return _id_of(network(32, 64) or "")


def _counted_as() -> bytes:
    # Any site can have its visitors follow a hundred links to us: those count apart.
    return _id_of((network(32, 64) or "") + (" elsewhere" if csrf.is_foreign() else ""))


def _id_of(its: str) -> bytes:
    return hmac.digest(services().key_for("limits"), its.encode(), hashlib.sha256)[:16]


def charge(counter: Counter) -> None:
    """Count *counter* with the next script of this request, or now if that cannot be.

    Raises:
        RateLimited, BudgetSpent: Its limit is reached.
        Unavailable: The store cannot count a quota now.
    """
    counters.put(counter)
    if not services().connection.nodes.has_every_key or request_size.is_large():
        settle()


def settle() -> None:
    """Count now what waits for a script: call it before something dear.

    Raises:
        RateLimited, BudgetSpent, Unavailable: See `charge`.
    """
    global _failed_at  # noqa: PLW0603 (of this process)
    if not (waiting := counters.take()):
        return
    if time.monotonic() - _failed_at < PAUSE_SECONDS:
        _count_in_memory(waiting)
        return
    try:
        services().connection.count(waiting)
    except LimitReached as reached:
        raise _refusal(reached.counter.name, reached.left_ms) from None
    except Unavailable:
        _failed_at = time.monotonic()
        _count_in_memory(waiting)


def counted_before(offload: Offload) -> Offload:
    """Return an *offload* that counts what waits, before it runs something dear."""

    def counted(function: Callable[..., Any], *arguments: object) -> object:
        settle()
        return offload(function, *arguments)

    return counted


def _count_in_memory(waiting: Sequence[Counter]) -> None:
    for counter in waiting:
        if counter.bytes_most:
            raise Unavailable
        limit = RateLimitItemPerMinute(counter.most)
        if not limiter.limiter.hit(limit, counter.key.hex()):
            raise _refusal(counter.name, WINDOW_MS)


def _refusal(name: str, left_ms: int) -> RateLimited:
    if meters := services().meters:
        meters.refused(name)
    if name in {"budget", "notices", "pushes", "tests"}:
        return BudgetSpent(-(-left_ms // SECOND))
    floods.refusals.note(name)
    return RateLimited()


def of_view(view: Callable[..., Any]) -> tuple[str, ...]:
    """Return the names of the limits that count a view's requests."""
    found: tuple[str, ...] = getattr(view, "limits", ())
    return found


class Limit:
    """One rate limit: a decorator of a view, and a context manager around a deed.

    Raises:
        RateLimited, BudgetSpent: See `charge`; in place of whatever else went wrong.
    """

    def __init__(self, name: str, is_exempt: Callable[[], bool] | None = None) -> None:
        self._name = name
        self._setting = f"limit_{name}"
        self._is_exempt = is_exempt

    def __call__(self, view: V) -> V:
        @wraps(view)
        def limited(*arguments: object, **named: object) -> object:
            with self:
                return view(*arguments, **named)

        limited.limits = (self._name, *of_view(view))  # type: ignore[attr-defined]
        return cast("V", limited)

    def __enter__(self) -> None:
        if (error := g.pop("not_counted", None)) and request.endpoint != "control.translate":
            raise error
        settings = services().settings
        if settings.rate_limits and not (self._is_exempt and self._is_exempt()):
            key = keys.limit(_counted_as(), self._name)
            charge(Counter(self._name, key, getattr(settings, self._setting), WINDOW_MS))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, LimitReached):
            raise _refusal(error.counter.name, error.left_ms) from None
        if isinstance(error, Unavailable):
            # The store failed while it counted.
            if waiting := [counter for counter in counters.take() if not counter.bytes_most]:
                _count_in_memory(waiting)
        else:
            settle()


def _brings_no_passphrase() -> bool:
    if (request.endpoint or "").endswith(".request_code"):
        return False  # it sends a mail
    if request.is_json and len(fields.written_bearer()) != TOKEN_LENGTH:
        return True
    # The view finds out what is wrong with it.
    if not request_size.is_readable():
        return True
    if request.is_json:
        try:
            body = fields.parsed()
        except RestanteError:  # the view refuses it
            body = None
        return not isinstance(body, dict) or not {"passphrase", "code"} & body.keys()
    return not (request.form.get("passphrase") or request.form.get("code"))


send = Limit("send", lambda: "large_counted" in g)
preview = Limit("preview")
status = Limit("status")
changes = Limit("changes")
reveal = Limit("reveal")
upload = Limit("upload")
passphrase = Limit("passphrase", _brings_no_passphrase)


def init_app(app: Flask) -> None:
    """Set up Flask-Limiter, which counts in memory, and count large forms before they are read."""
    app.config["RATELIMIT_STORAGE_URI"] = "memory://"
    # Already known, so that it runs nothing before and after each request.
    app.extensions["limiter"] = {limiter}
    limiter.init_app(app)
    app.before_request(_count_large)


def _count_large() -> None:
    """Count a large form as a send before it is read, whatever it is for.

    If it is one too many, the limit says so where a page can show what was typed.
    """
    if request.endpoint in LARGE_FORMS and request_size.is_large():
        try:
            with send:
                settle()
        except (RateLimited, Unavailable) as error:
            g.not_counted = error
        g.large_counted = True
