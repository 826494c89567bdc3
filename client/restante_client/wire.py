"""What both clients share: their settings, the options of httpx, and how its errors are read."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import Any

import httpx

from restante_client import verbs
from restante_client.addresses import LINK, parse_address, server_url
from restante_client.models import Sent
from restante_client.retries import Answer, Loss, Policy
from restante_client.sending import Options, fields_of
from restante_client.verbs import Verb

VERSION = "0.1.0"
USER_AGENT = f"restante-client/{VERSION}"
TIMEOUT = 15.0
"""Seconds for each step of a request."""
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

    def options(self) -> dict[str, Any]:
        """Return the arguments of httpx's clients."""
        return {
            "timeout": httpx.Timeout(self.timeout),
            # To load all authorities takes long, and plain http has no use for them.
            "verify": self.verify if self.server.startswith("https:") else False,
            "headers": {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
            "follow_redirects": False,
        }

    def arguments(self, verb: Verb[Any]) -> dict[str, Any]:
        """Return the arguments of one request."""
        return {
            "method": verb.method,
            "url": self.server + verb.path,
            "params": dict(verb.query) or None,
            "headers": verb.headers(),
            "content": verb.content(),
        }

    def send(self, text: str, options: Options, key: str | None) -> Verb[Sent]:
        """Return the verb that sends *text*; without a key it gets a new one."""
        return verbs.send(text, fields_of(options), token=self.token, key=key)

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


def answer_of(response: httpx.Response) -> Answer:
    """Return an answer of httpx, which has read it to its end."""
    return Answer(response.status_code, response.headers, response.content)


def loss_of(error: httpx.RequestError) -> Loss:
    """Return what an error of httpx means.  Its text names no secret, but may name the URL."""
    return Loss(type(error).__name__, was_sent=not isinstance(error, NOT_SENT))
