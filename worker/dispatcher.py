"""The dispatcher: takes deliveries that are due, runs many at once, and settles each."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import structlog

from restante.channels import of_outboxes
from restante.channels.failures import DeliveryFailed, Failure
from restante.crypto.tokens import SHARDS
from restante.deadlines import FAILURES_MOST
from restante.delivery import LEASE_SECONDS
from restante.errors import RestanteError
from restante.logs import error_fields
from worker.concurrency_limit import Busy, ConcurrencyLimits
from worker.hand_over import ATTEMPT_SECONDS, Done, HandOver

if TYPE_CHECKING:
    from collections.abc import Callable

    from restante.channels.channel import Channel
    from restante.channels.transports import Transports
    from restante.delivery import Delivering, Delivery
    from restante.metrics.meters import Meters

TAKE_MOST = 64
TURN_SECONDS = 2.0
"""After this time a delivery gives up its slot and is queued again, if an event was accepted."""
IDLE_SECONDS, BUSY_SECONDS = 1.0, 0.1
STORE_THREADS = 8
STOP_SECONDS = 5.0
"""How long running deliveries may take after a stop; the rest is delivered again later."""

log = structlog.get_logger()


@dataclass(slots=True)
class Way:
    """The running deliveries of one channel."""

    channel: Channel[Any, Any]
    lanes: ConcurrencyLimits
    failing: ConcurrencyLimits
    under_way: set[asyncio.Task[None]] = field(default_factory=set)
    shard: int = 0
    well: bool = True

    @classmethod
    def of(cls, channel: Channel[Any, Any]) -> Self:
        most = channel.concurrency
        return cls(channel, ConcurrencyLimits(most.receiver), ConcurrencyLimits(most.failing))


class Dispatcher:
    """Delivers in its own thread, with an event loop, until it is stopped.

    Any number may run, in one process or many.  Each takes deliveries for a lease and stops
    before the lease ends; if it dies, the others take its deliveries after the lease.
    """

    def __init__(
        self, delivering: Delivering, transports: Transports, meters: Meters | None = None
    ) -> None:
        self._delivering = delivering
        self._ways = {name: Way.of(channel) for name, channel in of_outboxes().items()}
        self._threads = ThreadPoolExecutor(STORE_THREADS, "dispatcher")
        self._meters = meters
        self._hand_over = HandOver(delivering, transports, self._ask)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._main, name="dispatcher")

    def start(self) -> None:
        """Start to deliver."""
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        """Take no more deliveries, wait a little for running ones, and end."""
        self._stop.set()
        self._thread.join()

    def _main(self) -> None:
        try:
            asyncio.run(self._run())
        finally:
            self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self) -> None:
        await asyncio.gather(*(self._serve(way) for way in self._ways.values()))

    async def _serve(self, way: Way) -> None:
        """Deliver through one channel, in its own slots: channels do not delay each other."""
        slots = way.channel.concurrency.slots
        while not self._stop.is_set():
            taken = await self._take(way, min(TAKE_MOST, slots - len(way.under_way)))
            for delivery, ends in taken:
                task = asyncio.create_task(self._deliver(delivery, ends))
                way.under_way.add(task)
                task.add_done_callback(way.under_way.discard)
            if taken and len(way.under_way) < slots:
                continue
            if len(way.under_way) >= slots:
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
        # While deliveries run, those that wait for their slots become due at any time.
        seconds = BUSY_SECONDS if way.under_way else IDLE_SECONDS
        await asyncio.get_running_loop().run_in_executor(None, self._stop.wait, seconds)

    async def _take(self, way: Way, most: int) -> list[tuple[Delivery, float]]:
        """Take at most *most* deliveries, each with the end of its lease by our clock."""
        taken: list[tuple[Delivery, float]] = []
        failures: list[RestanteError] = []
        for step in range(SHARDS):
            if len(taken) >= most or len(failures) == FAILURES_MOST:
                break
            shard = (way.shard + step) % SHARDS
            ends = time.monotonic() + LEASE_SECONDS
            try:
                found = await self._ask(
                    self._delivering.take, shard, most - len(taken), way.channel.name
                )
            except RestanteError as error:
                failures.append(error)
            else:
                taken += [(delivery, ends) for delivery in found]
        if failures and way.well:
            log.warning("deliveries pause", channel=way.channel.name, **error_fields(failures[0]))
        elif not failures and not way.well:
            log.info("deliveries go on", channel=way.channel.name)
        way.well = not failures
        # Start with another shard next time.
        way.shard = (way.shard + 1) % SHARDS
        return taken

    async def _deliver(self, delivery: Delivery, ends: float) -> None:
        """Deliver until the end, a failure, or the end of the turn or the lease; then settle."""
        delivered, failure, wait = 0, None, 0.0
        all_done = Done()
        taken, receiver = ends - LEASE_SECONDS, delivery.receiver
        # Its own channel's: an earlier version put all channels into the first one's outbox.
        way = self._ways[delivery.channel.outbox]
        ends = min(ends - ATTEMPT_SECONDS - 1, time.monotonic() + TURN_SECONDS)
        try:
            with ExitStack() as places:
                places.enter_context(way.lanes.enter(receiver))
                if delivery.due.failures:
                    places.enter_context(way.failing.enter(None))
                for notification in delivery.notifications:
                    if time.monotonic() > ends:
                        break
                    passed = round((time.monotonic() - taken) * 1_000)
                    dated = notification._replace(at=delivery.due.taken_at + passed)
                    done = await self._hand_over(delivery, dated)
                    all_done = all_done.and_then(done)
                    if not done.settles:
                        wait = done.wait
                        break
                    delivered += notification.events
        except Busy as busy:
            wait = busy.seconds
        except DeliveryFailed as error:
            failure = error.failure
            if receiver and not failure.alone:
                way.lanes.narrow(receiver)
        if delivered:
            way.lanes.widen(receiver)
        await self._settle(delivery, delivered, failure, wait, all_done)

    async def _settle(
        self,
        delivery: Delivery,
        delivered: int,
        failure: Failure | None,
        wait: float,
        done: Done,
    ) -> None:
        # A failure decides alone when to try again.
        pause = 0 if failure else done.pause
        settle = partial(self._delivering.settle, delivery, delivered, failure, pause=pause)
        settle = partial(settle, told=done.told, note=done.note)
        try:
            gave_up = await self._ask(partial(settle, wait=round(wait * 1_000)))
        except RestanteError as error:
            log.warning("delivery not settled", **error_fields(error))
            return
        if self._meters:
            # As the waiting ones are counted: by the first channel of an outbox.
            name = self._ways[delivery.channel.outbox].channel.name
            if delivered:
                self._meters.delivered(name, "sent", delivered)
            if failure:
                self._meters.delivered(name, "given_up" if gave_up else "failed")
        if delivered:
            log.info("delivered", channel=delivery.channel.name, notifications=delivered)
        if failure:
            event = "delivery given up" if gave_up else "delivery failed"
            log.warning(event, channel=delivery.channel.name, failure=failure.word)

    async def _ask(self, verb: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401
        return await asyncio.get_running_loop().run_in_executor(self._threads, verb, *arguments)
