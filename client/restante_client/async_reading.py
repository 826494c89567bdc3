"""Made by tests.support.async_client: what its twin does, for asyncio."""
# ruff: noqa: SLF001 (it asks through its own client)

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from types import TracebackType
from typing import IO

from restante_client import verbs
from restante_client.async_asking import AsyncAsking
from restante_client.errors import RestanteError
from restante_client.file_verbs import Ticket
from restante_client.files import File
from restante_client.outcomes import Opened
from restante_client.transfers import Downloading, OnProgress, put


class AsyncReading:
    """A message that is being read: see `AsyncClient.reveal`."""

    def __init__(
        self,
        client: AsyncAsking,
        link: str,
        passphrase: str | None,
        code: str | None,
        reader_key: str,
        *,
        keep: bool,
    ) -> None:
        self._client, self._link = client, link
        self._passphrase, self._code = passphrase, code
        self._files_token: str | None = None
        self.reader_key = reader_key
        """Gets the same view again, within the lease.  As secret as the link."""
        self.keep = keep
        """Whether the lease goes on after the block."""
        self.acknowledged = False
        """The service knows that the text arrived.  If not, the lease ends by itself."""

    async def __aenter__(self) -> Opened:
        verb = verbs.reveal(self._link, self.reader_key, self._passphrase, self._code)
        opened = await self._client._do(verb)
        self._files_token = opened.files_token
        return opened

    def parts(self, file: File, *, start: int = 0) -> AsyncIterator[bytes]:
        """Yield a file of the opened message as it comes, from byte *start* on.

        A broken line goes on where it was, and spends nothing.  What is more or less than the
        file's size never ends well.

        Raises:
            ValueError: The message is not open, or the file has no byte *start*.
        """
        token = self._files_token
        if token is None:
            message = "open the message first"
            raise ValueError(message)

        ticket = Ticket(file.number, self._link, self.reader_key, token)
        policy = self._client._wire.policy
        return self._client._parts(Downloading(ticket, file.size, start, policy, time.monotonic))

    async def fetch(
        self,
        file: File,
        into: IO[bytes],
        *,
        start: int = 0,
        on_progress: OnProgress | None = None,
    ) -> None:
        """Write a file of the opened message into a file, from byte *start* on.

        It is whole only if this returns.  *on_progress* gets the bytes that are through and those
        of the whole file.
        """
        at = start
        async for part in self.parts(file, start=start):
            await asyncio.to_thread(put, into, part)
            at += len(part)
            if on_progress:
                on_progress(at, file.size)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            return
        verb = verbs.acknowledge(self._link, self.reader_key, keep=self.keep)
        try:
            await self._client._do(verb)
        except RestanteError:
            # The text is there; a lease that nobody ends is over by itself.
            return
        self.acknowledged = True
