"""Hands one notification over to its channel: clears, counts and delivers it, records refusals."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

import structlog

from restante.channels.channel import Cleared
from restante.channels.failures import DeliveryFailed, Ended, FailureReason, Refused, failed
from restante.errors import RestanteError
from worker.concurrency_limit import Busy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from restante.channels.channel import Notification
    from restante.channels.transports import Transports
    from restante.delivery import Delivering, Delivery

ATTEMPT_SECONDS = 10.0
"""Timeout of one notification, from the DNS look-up to the status of the response."""

log = structlog.get_logger()


class Done(NamedTuple):
    """What became of a notification.

    Attributes:
        settles: Its events are done; otherwise they are due again in *wait* seconds.
        pause: In ms; how long nothing more of this message goes out through this channel.
        told: The sender was told something.
        note: A word for the sender on how the channel stands.
    """

    settles: bool = True
    wait: float = 0.0
    pause: int = 0
    told: bool = False
    note: str = ""

    def and_then(self, later: Done) -> Done:
        """Return what became of both, for the sender and the pause."""
        told, note = self.told or later.told, later.note or self.note
        return later._replace(pause=max(self.pause, later.pause), told=told, note=note)


class HandOver:
    """Delivers notifications one by one; *ask* runs a verb of the store in a thread."""

    def __init__(
        self, delivering: Delivering, transports: Transports, ask: Callable[..., Awaitable[Any]]
    ) -> None:
        self._delivering = delivering
        self._transports = transports
        self._ask = ask

    async def __call__(self, delivery: Delivery, notification: Notification) -> Done:
        """Deliver what the channel wants to be delivered of this notification now.

        Raises:
            DeliveryFailed: It was not accepted, or the store does not answer.
            Busy: No slot is free.
        """
        if notification.content is None:
            return Done()
        cleared = Cleared(notification.content)
        if delivery.channel.clears:
            cleared = await self._store(self._delivering.clear, delivery, notification)
        pause, is_out = 0, False
        if cleared.content is not None:
            is_out = await self._deliver(delivery, notification._replace(content=cleared.content))
            pause = delivery.channel.pause
            if cleared.after:
                await self._store(cleared.after)
        told = is_out and cleared.settles
        return Done(cleared.settles, cleared.wait / 1_000, pause, told, cleared.note)

    async def _deliver(self, delivery: Delivery, notification: Notification) -> bool:
        """Deliver it; return False if it was refused for good."""
        channel = delivery.channel
        try:
            await self._afford(delivery, notification)
            async with asyncio.timeout(ATTEMPT_SECONDS):
                await channel.deliver(delivery.target, notification, self._transports)
        except TimeoutError:
            raise failed(FailureReason.TIMEOUT) from None
        except (DeliveryFailed, Busy):
            raise
        except Ended as ended:
            log.info("receiver ended", channel=channel.name, failure=ended.word)
            await self._store(self._delivering.end, delivery)
            raise failed(ended.word, final=True, alone=True) from None
        except Refused as refused:
            log.warning("delivery refused", channel=channel.name, failure=refused.word)
            await self._store(self._delivering.refuse, delivery, notification)
            return False
        except Exception as error:
            # One odd receiver must not end what goes to the others.
            log.exception("delivery broke", channel=channel.name)
            raise failed(FailureReason.INTERNAL) from error
        return True

    async def _afford(self, delivery: Delivery, notification: Notification) -> None:
        """Count it where its channel has a quota; refuse it if its address had enough today."""
        if not await self._store(self._delivering.affords, delivery, notification):
            raise Refused(FailureReason.TOO_MANY)

    async def _store(self, verb: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401
        try:
            return await self._ask(verb, *arguments)
        except RestanteError as error:
            raise failed(FailureReason.INTERNAL) from error
