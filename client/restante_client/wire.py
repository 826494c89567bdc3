"""What both clients share: their settings, the options of httpx, and how its errors are read."""

from __future__ import annotations

import mimetypes
import ssl
import time
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx

from restante_client import file_verbs, verbs
from restante_client.addresses import CONTROL, LINK, parse_address, server_url
from restante_client.files import Upload
from restante_client.models import Sent
from restante_client.retries import Answer, Loss, Policy
from restante_client.sending import Options, fields_of
from restante_client.unfit import Unfit
from restante_client.verbs import Verb

VERSION = "0.1.0"
USER_AGENT = f"restante-client/{VERSION}"
TIMEOUT = 15.0
"""Seconds for each step of a request."""
BYTES_MOST = 16 * 1024 * 1024
"""Of an answer; a text has at most one MiB, which is six as JSON."""
SECONDS_MOST = 120.0
"""From the head of an answer to its end."""
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


@dataclass(frozen=True, slots=True)
class Wire:
    """How a client reaches its service.

    Attributes:
        server: URL of the service, with its path if it is below one.
        token: The sender token, if the service asks for one.
    """

    server: str
    token: str | None = field(default=None, repr=False)
    timeout: float = TIMEOUT
    policy: Policy = field(default_factory=Policy)
    verify: ssl.SSLContext | bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "server", server_url(self.server))
        try:
            httpx.URL(self.server)
        except httpx.InvalidURL:
            message = "the URL of the service is not valid"
            raise ValueError(message) from None

    def options(self) -> dict[str, Any]:
        """Return the arguments of httpx's clients."""
        return {
            "timeout": httpx.Timeout(self.timeout),
            # To load all authorities takes long, and plain http has no use for them.
            "verify": self.verify if self.server.startswith("https:") else False,
            "headers": {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
            "follow_redirects": False,
            # A link can be of anybody's service: no two requests are known by a cookie.
            "cookies": CookieJar(DefaultCookiePolicy(allowed_domains=())),
        }

    def arguments(self, verb: Verb[Any], body: object = None) -> dict[str, Any]:
        """Return the arguments of one request; *body* yields bytes."""
        its = verb.answer_seconds
        later = {} if its is None else {"timeout": httpx.Timeout(self.timeout, read=its)}
        return later | {
            "method": verb.method,
            "url": self.server + verb.path,
            "params": dict(verb.query) or None,
            "headers": verb.headers(),
            "content": verb.content() if body is None else body,
        }

    def send(self, text: str, options: Options, key: str | None) -> Verb[Sent]:
        """Return the verb that sends *text*, by default with the key of its files or a new one."""
        if key is None:
            key = next((its.key for its in options.get("files") or () if its.key), None)
        return verbs.send(text, fields_of(options), token=self.token, key=key)

    def start_upload(
        self,
        size: int,
        name: str,
        media_type: str | None,
        beside: Upload | str | None,
        key: str | None,
    ) -> Verb[Upload]:
        """Return the verb that begins an upload; alone and without a key it gets a new one."""
        control = None
        if isinstance(beside, Upload):
            key = beside.key
            control = None if key else beside.token
        elif beside is not None:
            control = self.token_of(CONTROL, beside)
        elif key is None:
            key = verbs.new_key()
        kind = media_type or mimetypes.guess_type(name)[0] or "application/octet-stream"
        begin = file_verbs.start_upload(size, token=self.token, key=key, beside=control)
        return begin.map(lambda token: Upload(name, size, kind, token, key))

    def token_of(self, kind: str, written: str) -> str:
        """Return the token in a URL or token of this service.

        Raises:
            ValueError: It is something else, or of another service.
        """
        found = parse_address(written)
        if found.kind != kind:
            wanted = "a link" if kind == LINK else "a control URL or token"
            message = f"this is not {wanted}"
            raise ValueError(message)
        if found.server not in {None, self.server}:
            message = f"this is of another service, {found.server}"
            raise ValueError(message)
        return found.token


class Incoming:
    """Collects an answer, and gives up one that does not end."""

    def __init__(self, response: httpx.Response) -> None:
        self._status, self._headers = response.status_code, response.headers
        self._parts: list[bytes] = []
        self._size = 0
        self._ends = time.monotonic() + SECONDS_MOST

    def add(self, part: bytes) -> None:
        """Take the next bytes of its body.

        Raises:
            Unfit: They are too many, or come too late.
        """
        self._parts.append(part)
        self._size += len(part)
        if self._size > BYTES_MOST:
            message = "its answer is too long"
            raise Unfit(message)
        if time.monotonic() > self._ends:
            message = "its answer does not end"
            raise Unfit(message)
        if self._headers.get("content-encoding", "identity") != "identity":
            message = "its answer is compressed, though nobody asked for that"
            raise Unfit(message)

    def answer(self) -> Answer:
        """Return the answer, which is here."""
        return Answer(self._status, self._headers, b"".join(self._parts))


def loss_of(error: httpx.RequestError | Unfit) -> Loss:
    """Return what a lost answer means.  A text of httpx is not used: it may name the URL."""
    if isinstance(error, Unfit):
        return Loss(str(error), was_sent=True)
    return Loss(type(error).__name__, was_sent=not isinstance(error, NOT_SENT))
