"""The client for asyncio; tests.support.async_client makes it."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable, Sequence
from types import TracebackType
from typing import Self, TypeVar

import httpx

from restante_client import verbs, watching
from restante_client.addresses import CONTROL, LINK
from restante_client.errors import RestanteError
from restante_client.models import Event, Sent, Status
from restante_client.outcomes import Opened, Preview, Replaced, Verdict
from restante_client.retries import Again, Policy, Tries
from restante_client.sending import Mails, Options, Unpack
from restante_client.verbs import Verb
from restante_client.wire import TIMEOUT, Incoming, Unfit, Wire, loss_of

T = TypeVar("T")


def _nothing(_: float) -> None:
    """Wait without telling anybody."""


class AsyncClient:
    """Asks a Restante service, and repeats what was lost on the way if that is safe.

    A *control* is the control token or control URL of a message, a *link* the token or URL of
    a recipient's link.  Every method can raise `Problem` and `Unreachable`.
    """

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
        self._http = httpx.AsyncClient(**self._wire.options())

    @property
    def server(self) -> str:
        """URL of the service, without a slash at its end."""
        return self._wire.server

    def __repr__(self) -> str:
        return f"<AsyncClient of {self._wire.server}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def send(
        self, text: str, *, idempotency_key: str | None = None, **options: Unpack[Options]
    ) -> Sent:
        """Send *text*, once: a lost answer is asked for again with the same key.

        Keep your own *idempotency_key* (32 characters or more, `new_key()`) to be able to repeat
        the send after your program ended: for a day the same key and fields send nothing new.
        """
        return await self._do(self._wire.send(text, options, idempotency_key))

    async def status(self, control: str, *, after: str | None = None) -> Status:
        """Return the message with up to 500 events, those behind the event *after*."""
        return await self._do(verbs.status(self._control(control), after))

    async def watch(
        self, control: str, *, after: str | None = None, every: float = 2.0, forever: bool = False
    ) -> AsyncIterator[Event]:
        """Yield events as they come, until every link ended, or *forever*.

        *every* is how many seconds pass between two questions; the wait grows tenfold while
        nothing happens.  To go on later, keep the id of the last event as *after*.
        """
        watch = watching.Watch(after, every, forever=forever)
        while not watch.ended:
            for event in watch.read(await self.status(control, after=watch.after)):
                yield event
            if wait := watch.wait:
                await asyncio.sleep(wait)

    async def recall(
        self, control: str, *, links: Sequence[str] | None = None, reason: str | None = None
    ) -> list[Verdict]:
        """Recall the links with these ids, or all; return a verdict on each."""
        return await self._do(verbs.recall(self._control(control), links, reason))

    async def replace(self, control: str, text: str, *, passphrase: str | None = None) -> Replaced:
        """Give all links that nobody has opened another text.

        A lost answer is not asked for again: with `Unreachable.may_have_happened`, `status` tells
        by `version` whether it happened.
        """
        return await self._do(verbs.replace(self._control(control), text, passphrase))

    async def extend(self, control: str, expires_in: int) -> Status:
        """Move the expiry to *expires_in* seconds from now, earlier or later."""
        return await self._do(verbs.extend(self._control(control), expires_in))

    async def set_rules(
        self,
        control: str,
        *,
        tell_unread_after: int | None = None,
        recall_unread_after: int | None = None,
    ) -> Status:
        """Set what happens so many seconds from now to links that nobody opened.

        0 removes a rule, None leaves it as it is.
        """
        verb = verbs.set_rules(self._control(control), tell_unread_after, recall_unread_after)
        return await self._do(verb)

    async def pause(self, control: str) -> None:
        """Let no new reader open the message."""
        await self._do(verbs.pause(self._control(control)))

    async def resume(self, control: str) -> None:
        """End a pause."""
        await self._do(verbs.resume(self._control(control)))

    async def set_webhook(
        self, control: str, url: str | None, *, webhook_format: str | None = None
    ) -> str | None:
        """Post what happens from now on to *url*, or with None to nowhere.

        Returns the secret with which `verify_webhook` checks what comes; None without a URL.
        """
        return await self._do(verbs.set_webhook(self._control(control), url, webhook_format))

    async def set_mails(self, control: str, email: str | None, **options: Unpack[Mails]) -> None:
        """Mail what happens to *email*, after its owner agreed; with None to nobody."""
        await self._do(verbs.set_mails(self._control(control), {"email": email, **options}))

    async def send_test(self, control: str) -> str:
        """Send a test event through every channel that is on; return its id.

        `channels` of the status says what came of it.
        """
        return await self._do(verbs.send_test(self._control(control)))

    async def forget(self, control: str) -> None:
        """End every link, and delete the message with its records."""
        await self._do(verbs.forget(self._control(control)))

    async def preview(self, link: str) -> Preview:
        """Return what a visitor may know; no view is spent."""
        return await self._do(verbs.preview(self._wire.token_of(LINK, link)))

    async def request_code(self, link: str) -> None:
        """Have a code mailed to the link's recipient, if the link needs one."""
        await self._do(verbs.request_code(self._wire.token_of(LINK, link)))

    def reveal(
        self,
        link: str,
        *,
        passphrase: str | None = None,
        code: str | None = None,
        reader_key: str | None = None,
        keep: bool = False,
    ) -> AsyncReading:
        """Open a message by `async with`: to enter spends one view, to leave says that it arrived.

        If the block fails, the lease goes on: enter the same object again for the same view.
        To get it again after your program ended, keep your own *reader_key* (`new_key()`) before
        you enter.  With *keep* the lease goes on after the block, too.
        """
        token = self._wire.token_of(LINK, link)
        key = verbs.new_key() if reader_key is None else reader_key
        return AsyncReading(self, token, passphrase, code, key, keep=keep)

    def _control(self, written: str) -> str:
        return self._wire.token_of(CONTROL, written)

    async def _do(self, verb: Verb[T]) -> T:
        tries = Tries(verb, self._wire.policy, time.monotonic)
        while True:
            try:
                async with self._http.stream(**self._wire.arguments(verb)) as response:
                    incoming = Incoming(response)
                    async for part in response.aiter_raw():
                        incoming.add(part)
            except (httpx.RequestError, Unfit) as error:
                step = tries.judge(loss_of(error))
            else:
                step = tries.judge(incoming.answer())
            if not isinstance(step, Again):
                return step.value
            self._on_retry(step.wait)
            await asyncio.sleep(step.wait)


class AsyncReading:
    """A message that is being read: see `AsyncClient.reveal`."""

    def __init__(
        self,
        client: AsyncClient,
        link: str,
        passphrase: str | None,
        code: str | None,
        reader_key: str,
        *,
        keep: bool,
    ) -> None:
        self._client, self._link, self._keep = client, link, keep
        self._passphrase, self._code = passphrase, code
        self.reader_key = reader_key
        """Gets the same view again, within the lease.  As secret as the link."""
        self.acknowledged = False
        """The service knows that the text arrived.  If not, the lease ends by itself."""

    async def __aenter__(self) -> Opened:
        verb = verbs.reveal(self._link, self.reader_key, self._passphrase, self._code)
        return await self._client._do(verb)  # noqa: SLF001 (its own client)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            return
        verb = verbs.acknowledge(self._link, self.reader_key, keep=self._keep)
        try:
            await self._client._do(verb)  # noqa: SLF001 (its own client)
        except RestanteError:
            # The text is there; a lease that nobody ends is over by itself.
            return
        self.acknowledged = True
