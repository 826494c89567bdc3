"""The dispatcher: takes deliveries that are due, runs many at once, and settles each."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import structlog

from restante.crypto.tokens import SHARDS
from restante.deadlines import FAILURES_MOST
from restante.delivery import CODE, LEASE_SECONDS, DeliveryFailed, Failure, FailureReason, Refused
from restante.errors import RestanteError
from restante.logs import error_fields
from worker.concurrency_limit import Busy, ConcurrencyLimits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from restante.delivery import Delivering, Delivery, Notification, Target

SLOTS = 256
"""Deliveries under way at once in one worker and channel: some receivers hold theirs for long."""
FAILING_SLOTS = 64
"""Of them, for deliveries that failed before: their receivers are likely to hold them for long."""
TAKE_MOST = 64
TURN_SECONDS = 2.0
"""After this a delivery leaves its place and queues up anew, when an event was taken."""
ATTEMPT_SECONDS = 10.0
"""For one notification, from the look-up of its receiver's name to the status of the answer."""
RECEIVER_WIDTH = 4
"""Deliveries to one receiver, known by its name, at once."""
IDLE_SECONDS, BUSY_SECONDS = 1.0, 0.1
STORE_THREADS = 8
STOP_SECONDS = 5.0
"""How long what is under way may take when we are told to stop; the rest is delivered again."""

log = structlog.get_logger()


class Channel(Protocol):
    """A way to deliver."""

    async def deliver(self, target: Target, notification: Notification) -> None:
        """Deliver one notification, or raise DeliveryFailed."""


@dataclass(slots=True)
class Way:
    """What goes on in one channel."""

    channel: str
    under_way: set[asyncio.Task[None]] = field(default_factory=set)
    shard: int = 0
    well: bool = True


class Dispatcher:
    """Delivers in a thread of its own, with an event loop, until it is told to stop.

    Any number may run, in one process or many: what one takes is its own for a lease, in
    which it stops before the end; whoever dies leaves his deliveries to the others.
    """

    def __init__(self, delivering: Delivering, channels: Mapping[str, Channel]) -> None:
        self._delivering = delivering
        self._channels = channels
        self._lanes = ConcurrencyLimits(RECEIVER_WIDTH)
        self._failing = ConcurrencyLimits(FAILING_SLOTS)
        self._threads = ThreadPoolExecutor(STORE_THREADS, "dispatcher")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._main, name="dispatcher")

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        """Take nothing more, wait a little for what is under way, and end."""
        self._stop.set()
        self._thread.join()

    def _main(self) -> None:
        try:
            asyncio.run(self._run())
        finally:
            self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self) -> None:
        await asyncio.gather(*(self._serve(channel) for channel in self._channels))

    async def _serve(self, channel: str) -> None:
        """Deliver through one channel, in slots of its own: none waits behind another's."""
        way = Way(channel)
        while not self._stop.is_set():
            taken = await self._take(way, min(TAKE_MOST, SLOTS - len(way.under_way)))
            for delivery, ends in taken:
                task = asyncio.create_task(self._deliver(delivery, ends))
                way.under_way.add(task)
                task.add_done_callback(way.under_way.discard)
            if taken and len(way.under_way) < SLOTS:
                continue
            if len(way.under_way) >= SLOTS:
                await asyncio.wait(
                    way.under_way, timeout=IDLE_SECONDS, return_when=asyncio.FIRST_COMPLETED
                )
            else:
                await self._rest(way)
        if way.under_way:
            await asyncio.wait(way.under_way, timeout=STOP_SECONDS)
        for task in way.under_way:
            task.cancel()

    async def _rest(self, way: Way) -> None:
        # While some are under way, those that wait for their places come due at any time.
        seconds = BUSY_SECONDS if way.under_way else IDLE_SECONDS
        await asyncio.get_running_loop().run_in_executor(None, self._stop.wait, seconds)

    async def _take(self, way: Way, most: int) -> list[tuple[Delivery, float]]:
        """Take at most so many deliveries, each with the time its lease ends by our clock."""
        taken: list[tuple[Delivery, float]] = []
        failures: list[RestanteError] = []
        for step in range(SHARDS):
            if len(taken) >= most or len(failures) == FAILURES_MOST:
                break
            shard = (way.shard + step) % SHARDS
            ends = time.monotonic() + LEASE_SECONDS
            try:
                found = await self._ask(
                    self._delivering.take, shard, most - len(taken), way.channel
                )
            except RestanteError as error:
                failures.append(error)
            else:
                taken += [(delivery, ends) for delivery in found]
        if failures and way.well:
            log.warning("deliveries pause", channel=way.channel, **error_fields(failures[0]))
        elif not failures and not way.well:
            log.info("deliveries go on", channel=way.channel)
        way.well = not failures
        # Another shard comes first next time.
        way.shard = (way.shard + 1) % SHARDS
        return taken

    async def _deliver(self, delivery: Delivery, ends: float) -> None:
        """Deliver until the end, a failure, or the end of the turn or the lease; then settle."""
        delivered, failure, wait = 0, None, 0.0
        taken, receiver = ends - LEASE_SECONDS, _receiver(delivery)
        lane = (delivery.channel, receiver)
        ends = min(ends - ATTEMPT_SECONDS - 1, time.monotonic() + TURN_SECONDS)
        try:
            with ExitStack() as places:
                places.enter_context(self._lanes.enter(lane))
                if delivery.due.failures:
                    places.enter_context(self._failing.enter(delivery.channel))
                for notification in delivery.notifications:
                    if time.monotonic() > ends:
                        break
                    if delivery.channel != CODE or notification.letter:
                        passed = round((time.monotonic() - taken) * 1_000)
                        await self._hand_over(
                            delivery, notification._replace(at=delivery.due.taken_at + passed)
                        )
                    delivered += 1
        except Busy as busy:
            wait = busy.seconds
        except DeliveryFailed as failed:
            failure = failed.failure
            if receiver:  # the mail server is the operator's own
                self._lanes.narrow(lane)
        if delivered:
            self._lanes.widen(lane)
        await self._settle(delivery, delivered, failure, wait)

    async def _hand_over(self, delivery: Delivery, notification: Notification) -> None:
        if delivery.target is None:
            raise DeliveryFailed(Failure(FailureReason.ROOT_KEY_MISSING))
        try:
            await self._afford(delivery, notification)
            async with asyncio.timeout(ATTEMPT_SECONDS):
                await self._channels[delivery.channel].deliver(delivery.target, notification)
        except TimeoutError:
            raise DeliveryFailed(Failure(FailureReason.TIMEOUT)) from None
        except (DeliveryFailed, Busy):
            raise
        except Refused as refused:
            log.warning("delivery refused", channel=delivery.channel, failure=refused.word)
            await self._refuse(delivery, notification)
        except Exception as error:
            # One odd receiver must not end what goes to the others.
            log.exception("delivery broke", channel=delivery.channel)
            raise DeliveryFailed(Failure(FailureReason.INTERNAL)) from error

    async def _afford(self, delivery: Delivery, notification: Notification) -> None:
        """Count a letter to its address; refuse it if that had enough today."""
        if notification.letter is None:
            return
        try:
            may = await self._ask(self._delivering.affords, delivery, notification.letter)
        except RestanteError as error:
            raise DeliveryFailed(Failure(FailureReason.INTERNAL)) from error
        if not may:
            raise Refused(FailureReason.TOO_MANY)

    async def _refuse(self, delivery: Delivery, notification: Notification) -> None:
        """Let the sender learn it; the next of the same message goes on."""
        try:
            await self._ask(self._delivering.refuse, delivery, notification)
        except RestanteError as error:
            raise DeliveryFailed(Failure(FailureReason.INTERNAL)) from error

    async def _settle(
        self, delivery: Delivery, delivered: int, failure: Failure | None, wait: float
    ) -> None:
        settle = partial(self._delivering.settle, delivery, delivered, failure)
        try:
            gave_up = await self._ask(partial(settle, wait=round(wait * 1_000)))
        except RestanteError as error:
            log.warning("delivery not settled", **error_fields(error))
            return
        if delivered:
            log.info("delivered", channel=delivery.channel, notifications=delivered)
        if failure:
            event = "delivery given up" if gave_up else "delivery failed"
            log.warning(event, channel=delivery.channel, failure=failure.word)

    async def _ask(self, verb: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401
        return await asyncio.get_running_loop().run_in_executor(self._threads, verb, *arguments)


def _receiver(delivery: Delivery) -> str | None:
    return urlsplit(delivery.target.url).hostname if delivery.target else None
