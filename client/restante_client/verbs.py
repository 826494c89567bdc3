"""What a client can ask: each verb as a request, how its answer is read, and when to repeat it.

No I/O: `client.py` and `async_client.py` send these requests, `retries.py` judges the answers.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from restante_client.fields import inners, text, text_or_none, whole
from restante_client.models import Sent, Status
from restante_client.outcomes import Opened, Preview, Replaced, TakenOut, Verdict

S = TypeVar("S")
T = TypeVar("T")
API = "/api/v1"
VISIBLE = re.compile(r"[!-~]+")
FEW = 3
"""Tries of a reveal with a passphrase or a code: if it is wrong, each can use up one."""


def new_key() -> str:
    """Return a new idempotency key or reader key: a random UUID."""
    return str(uuid.uuid4())


@dataclass(frozen=True, slots=True)
class Verb(Generic[T]):
    """One request, ready to be sent.

    Attributes:
        parse: Makes a value of the answer's JSON; gets None if there is none.
        head: If it is there, it makes the value instead, of the answer's headers.
        more: Headers of its own.
        answer_seconds: How long its answer may take to begin, if that is longer than for others.
        is_safe: To repeat it after a lost answer does no harm and tells the truth.
        tries_most: At most so many tries, whatever the policy says.
    """

    method: str
    path: str
    parse: Callable[[Any], T]
    token: str | None = field(default=None, repr=False)
    key: str | None = field(default=None, repr=False)
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    query: Mapping[str, str] = field(default_factory=dict)
    is_safe: bool = True
    tries_most: int = 1_000
    head: Callable[[Mapping[str, str]], T] | None = None
    more: Mapping[str, str] = field(default_factory=dict, repr=False)
    answer_seconds: float | None = None

    def __post_init__(self) -> None:
        for its in (self.token, self.key):
            if its is not None and not VISIBLE.fullmatch(its):
                message = "a token or key has visible ASCII characters only"
                raise ValueError(message)

    def headers(self) -> dict[str, str]:
        """Return the headers of the request; they hold secrets."""
        found = {"Accept": "application/json"}
        if self.token is not None:
            found["Authorization"] = f"Bearer {self.token}"
        if self.key is not None:
            found["Idempotency-Key"] = self.key
        if self.body is not None:
            found["Content-Type"] = "application/json"
        found.update(self.more)
        return found

    def map(self, change: Callable[[T], S]) -> Verb[S]:
        """Return the same request, with another value made of its answer."""
        return Verb(
            self.method, self.path, lambda its: change(self.parse(its)), self.token, self.key,
            self.body, self.query, self.is_safe, self.tries_most, None, self.more,
        )  # fmt: skip

    def content(self) -> bytes | None:
        """Return the body, the same bytes each time."""
        return None if self.body is None else json.dumps(self.body, ensure_ascii=False).encode()


def _nothing(_: object) -> None:
    """Read an answer without content."""


def _given(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 (any JSON)
    return {name: value for name, value in fields.items() if value is not None}


def send(text: str, fields: Mapping[str, Any], *, token: str | None, key: str | None) -> Verb[Sent]:
    """Send a message; *fields* are those of `POST /messages`, without those that are None."""
    body = {"text": text, **_given(**fields)}
    key = new_key() if key is None else key
    return Verb("POST", f"{API}/messages", Sent.of, token, key, body)


def status(control: str, after: str | None = None) -> Verb[Status]:
    """Ask for a message, with its events after *after*."""
    query = {} if after is None else {"after": after}
    return Verb("GET", f"{API}/message", Status.of, control, query=query)


def recall(control: str, links: Sequence[str] | None, reason: str | None) -> Verb[list[Verdict]]:
    """Recall some links, or all."""

    def parse(its: object) -> list[Verdict]:
        return [Verdict.of(one) for one in inners(whole(its), "verdicts")]

    body = _given(links=None if links is None else list(links), reason=reason)
    return Verb("POST", f"{API}/message/recall", parse, control, body=body)


def take_out(control: str, version: int, file: int) -> Verb[TakenOut]:
    """Destroy one file of a version."""

    def parse(its: object) -> TakenOut:
        return TakenOut.of(whole(its))

    body = {"version": version, "number": file}
    return Verb("POST", f"{API}/message/take-out", parse, control, body=body)


def replace(
    control: str,
    text: str,
    passphrase: str | None,
    files: Sequence[Mapping[str, str]] | None = None,
) -> Verb[Replaced]:
    """Replace text and files of all links that nobody has opened.

    Not safe to repeat: if somebody reads the new text in between, the second answer says
    `already_read` of that link, as if the new text had come too late.
    """
    body = _given(text=text, passphrase=passphrase, files=files)
    path = f"{API}/message/replace"
    return Verb("POST", path, Replaced.of, control, body=body, is_safe=False)


def extend(control: str, expires_in: int) -> Verb[Status]:
    """Move the expiry to *expires_in* seconds from now."""
    body = {"expires_in": expires_in}
    return Verb("PATCH", f"{API}/message", Status.of, control, body=body)


def set_rules(
    control: str, tell_unread_after: int | None, recall_unread_after: int | None
) -> Verb[Status]:
    """Set rules to run so many seconds from now; 0 removes one, None leaves it as it is."""
    rules = _given(tell_unread_after=tell_unread_after, recall_unread_after=recall_unread_after)
    return Verb("PATCH", f"{API}/message", Status.of, control, body={"rules": rules})


def pause(control: str) -> Verb[None]:
    """Let no new reader open the message."""
    return Verb("POST", f"{API}/message/pause", _nothing, control)


def resume(control: str) -> Verb[None]:
    """End a pause."""
    return Verb("POST", f"{API}/message/resume", _nothing, control)


def set_webhook(control: str, url: str | None, webhook_format: str | None) -> Verb[str | None]:
    """Post what happens from now on to a URL, or with None to nowhere; the secret that signs."""

    def parse(its: object) -> str | None:
        return text_or_none(whole(its), "webhook_secret")

    body = _given(webhook=url, webhook_format=webhook_format)
    return Verb("POST", f"{API}/message/notify/webhook", parse, control, body=body)


def set_mails(control: str, fields: Mapping[str, Any]) -> Verb[None]:
    """Set where mails about the message go; without an address there are none."""
    return Verb("POST", f"{API}/message/notify", _nothing, control, body=_given(**fields))


def send_test(control: str) -> Verb[str]:
    """Tell the sender through every channel that is on that this is a test; its event's id."""

    def parse(its: object) -> str:
        return text(whole(its), "event")

    return Verb("POST", f"{API}/message/notify/test", parse, control)


def forget(control: str) -> Verb[None]:
    """Delete the message and everything that was recorded of it."""
    return Verb("POST", f"{API}/message/forget", _nothing, control)


def preview(link: str) -> Verb[Preview]:
    """Ask what a visitor may know; spends nothing."""
    return Verb("GET", f"{API}/link", Preview.of, link)


def request_code(link: str) -> Verb[None]:
    """Have a code mailed to the link's recipient."""
    return Verb("POST", f"{API}/link/code", _nothing, link)


def reveal(link: str, reader_key: str, passphrase: str | None, code: str | None) -> Verb[Opened]:
    """Spend a view for this reader key; with the same one it is the same view."""
    body = _given(passphrase=passphrase, code=code)
    tries = FEW if body else 1_000
    path = f"{API}/link/reveal"
    return Verb("POST", path, Opened.of, link, reader_key, body, tries_most=tries)


def acknowledge(link: str, reader_key: str, *, keep: bool) -> Verb[None]:
    """Say that the text arrived; unless *keep*, end the lease."""
    path, body = f"{API}/link/acknowledge", {"keep": keep}
    return Verb("POST", path, _nothing, link, reader_key, body)
