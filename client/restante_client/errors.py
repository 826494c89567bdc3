"""Every error of the library.  Refusals of the service are `Problem`s, one class for each code."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from restante_client.fields import inners, number, text, text_or_none, when


class RestanteError(Exception):
    """Base of every error of this library."""


class Unreachable(RestanteError):
    """The service gave no answer that can be trusted, also after all retries.

    Attributes:
        may_have_happened: The request was sent, so the service may have done what it asks.
    """

    def __init__(self, reason: str, *, may_have_happened: bool) -> None:
        super().__init__(f"No answer from the service: {reason}.")
        self.reason = reason
        self.may_have_happened = may_have_happened


class WebhookInvalid(RestanteError):
    """A webhook request is not from the service, or too old: do not trust its body."""


class Problem(RestanteError):
    """The service refused a request (RFC 9457).

    Attributes:
        code: Stable name of the problem, such as `not-found`; docs/api.md lists them.
        status: The status of HTTP.
        detail: A sentence in English, for people.
        facts: Every field of the problem.
        retry_after: Seconds to wait before another try, if the service said so.
    """

    expected: ClassVar[str] = ""
    has: ClassVar[tuple[str, ...]] = ()
    """Properties that are read from the facts."""

    def __init__(
        self, facts: Mapping[str, Any], *, status: int, retry_after: float | None = None
    ) -> None:
        self.code = str(facts.get("code", "unknown"))
        self.status = status
        self.detail = str(facts.get("detail") or facts.get("title") or f"HTTP status {status}")
        self.facts = dict(facts)
        self.retry_after = retry_after
        super().__init__(f"{self.detail} ({self.code})")

    @property
    def is_passing(self) -> bool:
        """The line was too slow, or the service or a proxy before it cannot answer now."""
        return self.status in {408, 502, 503, 504}


class NotFound(Problem):
    """There is no such message or link, or the token is not for it."""

    expected = "not-found"


class Gone(Problem):
    """The link ended, or this reader key's view did."""

    expected = "gone"
    has = ("state", "reason")

    @property
    def state(self) -> str:
        """How the link ended; `read` if other views are left for a new reader key."""
        return text(self.facts, "state")

    @property
    def reason(self) -> str | None:
        """Why the sender recalled it, if they said so."""
        return text_or_none({"reason": None} | self.facts, "reason")


class FileTakenOut(Problem):
    """The sender took this file out of the message."""

    expected = "taken-out"


class Held(Problem):
    """It is too early: the link opens at `opens_at`."""

    expected = "held"
    has = ("opens_at",)

    @property
    def opens_at(self) -> datetime:
        return when(self.facts, "opens_at")


class Paused(Problem):
    """The sender paused the message, and can resume it."""

    expected = "paused"


class PassphraseRequired(Problem):
    """The message has a passphrase; none was given.  No view and no try is spent."""

    expected = "passphrase-required"


class _Wrong(Problem):
    has = ("tries_left",)

    @property
    def tries_left(self) -> int:
        return number(self.facts, "tries_left")


class PassphraseWrong(_Wrong):
    """The passphrase was wrong; one try is spent, no view."""

    expected = "passphrase-wrong"


class CodeRequired(Problem):
    """The link needs the code from a mail, and none is valid: see `request_code`."""

    expected = "code-required"


class CodeWrong(_Wrong):
    """The mailed code was wrong; one try is spent, no view."""

    expected = "code-wrong"


class NotASender(Problem):
    """Neither your network nor your token permits sending."""

    expected = "not-a-sender"


class KeyReused(Problem):
    """The idempotency key belongs to another message of the last day."""

    expected = "key-reused"


class Invalid(Problem):
    """Fields of the request are invalid; `errors` names them."""

    expected = "invalid"
    has = ("errors",)

    @property
    def errors(self) -> list[tuple[str, str]]:
        """Pairs of a field and what is wrong with it."""
        return [(text(one, "field"), text(one, "detail")) for one in inners(self.facts, "errors")]

    def __str__(self) -> str:
        return "; ".join(f"{field}: {detail}" for field, detail in self.errors) or self.detail


class TooLarge(Problem):
    """The text or the request is too large."""

    expected = "too-large"


class FileTooLarge(Problem):
    """The file is larger than the service takes."""

    expected = "file-too-large"


class FileRefused(Problem):
    """The service's virus scan refused the file; `detail` says why."""

    expected = "file-refused"


class Full(Problem):
    """The service has no room for more files now."""

    expected = "full"


class OffsetWrong(Problem):
    """The upload goes on at another place."""

    expected = "offset-wrong"
    has = ("offset",)

    @property
    def offset(self) -> int:
        """Bytes of the file that the service has."""
        return number(self.facts, "offset")


class Superseded(Problem):
    """Another request adds to the upload, or it is complete."""

    expected = "superseded"


class RateLimited(Problem):
    """Too many requests in a minute, or the day's quota is used up: see `retry_after`."""

    expected = "rate-limited"


class Unavailable(Problem):
    """The service cannot do it now.  It may have happened; the same request tells."""

    expected = "unavailable"


KINDS: dict[str, type[Problem]] = {
    kind.expected: kind
    for kind in (
        *(
            NotFound,
            Gone,
            FileTakenOut,
            Held,
            Paused,
            PassphraseRequired,
            PassphraseWrong,
            CodeRequired,
        ),
        *(CodeWrong, NotASender, KeyReused, Invalid, TooLarge, RateLimited, Unavailable),
        *(FileTooLarge, FileRefused, Full, OffsetWrong, Superseded),
    )
}


def problem(facts: Mapping[str, Any], *, status: int, retry_after: float | None = None) -> Problem:
    """Return the error for a problem of the service.

    What has an unknown code, or not the facts of its code, stays a `Problem`.
    """
    kind = KINDS.get(str(facts.get("code")), Problem)
    found = kind(facts, status=status, retry_after=retry_after)
    try:
        for name in kind.has:
            getattr(found, name)
    except (ValueError, KeyError):
        return Problem(facts, status=status, retry_after=retry_after)
    return found
