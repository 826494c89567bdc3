"""Asking the service and waiting for each answer: what the verbs of `client.py` stand on."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator
from typing import IO, Self, TypeVar

import httpx

from restante_client.retries import Again, Policy, Tries
from restante_client.transfers import BLOCK, Downloading, Uploading, here
from restante_client.unfit import Unfit
from restante_client.verbs import Verb
from restante_client.wire import TIMEOUT, Incoming, Wire, loss_of

T = TypeVar("T")


def _nothing(_: float) -> None:
    """Wait without telling anybody."""


class Asking:
    """Connections to a service, and how its answers are read."""

    def __init__(
        self,
        server: str,
        *,
        token: str | None = None,
        timeout: float = TIMEOUT,
        policy: Policy | None = None,
        verify: ssl.SSLContext | bool = True,
        on_retry: Callable[[float], object] | None = None,
    ) -> None:
        """Ask the service at *server*, as in `https://letters.example/path`.

        *token* is a sender token, which some services ask for.  *verify* is an SSL context that
        knows your own certificate authority.  *on_retry* is called before each wait for another
        try, with its seconds.

        Raises:
            ValueError: *server* is not the URL of a service.
        """
        self._wire = Wire(server, token, timeout, policy or Policy(), verify)
        self._on_retry = on_retry or _nothing
        self._http = httpx.Client(**self._wire.options())

    @property
    def server(self) -> str:
        """URL of the service, without a slash at its end."""
        return self._wire.server

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._wire.server}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _do(self, verb: Verb[T], body: Iterator[bytes] | None = None) -> T:
        tries = Tries(verb, self._wire.policy, time.monotonic)
        while True:
            try:
                with self._http.stream(**self._wire.arguments(verb, body)) as response:
                    incoming = Incoming(response)
                    for part in response.iter_raw():
                        incoming.add(part)
            except (httpx.RequestError, Unfit) as error:
                step = tries.judge(loss_of(error))
            else:
                step = tries.judge(incoming.answer())
            if not isinstance(step, Again):
                return step.value
            self._on_retry(step.wait)
            time.sleep(step.wait)

    def _blocks(self, file: IO[bytes], way: Uploading) -> Iterator[bytes]:
        """Yield the body of the next request of an upload."""
        here(file.seek, way.at)
        while way.left:
            yield way.read(here(file.read, min(BLOCK, way.left)))

    def _parts(self, way: Downloading) -> Iterator[bytes]:
        """Yield a file as it comes; go on where it was if the line breaks."""
        while not way.is_whole:
            try:
                with self._http.stream(**self._wire.arguments(way.verb())) as response:
                    if way.begins(response.status_code, response.headers):
                        for part in response.iter_raw():
                            yield way.take(part)
                        way.end()
                        return
                    incoming = Incoming(response)
                    for part in response.iter_raw():
                        incoming.add(part)
            except (httpx.RequestError, Unfit) as error:
                wait = way.lost(loss_of(error))
            else:
                wait = way.lost(incoming.answer())
            self._on_retry(wait)
            time.sleep(wait)
