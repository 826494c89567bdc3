"""Time of every verb of the core as a ratio to one bare round trip to the store, in the same run.

Machines are noisy, so only the ratios say something: a verb of one round trip should cost
little more than the round trip; what it costs beyond is crypto and the script.  The
baseline is an ECHO of the same connection pool to the same store, with the same durability
(none is written); the "get then delete" that others use stands beside reveal.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import redis

from bench import page
from bench.deliveries import LOOPBACK, events_per_second
from restante import logs, wiring
from restante.crypto import keyring
from restante.crypto.tokens import LinkToken, ReaderKey
from restante.messages import Draft
from restante.service.embedded_store import EmbeddedStore
from restante.settings import Settings
from restante.store.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.options import Options
    from restante.reports import Sent
    from restante.wiring import Services

T = TypeVar("T")
ROUNDS = 400
BASELINE = "echo"
TEXT = "x" * 200
WORD = "a passphrase"
READER = ReaderKey("0" * 20)


def median_ms(rounds: int, prepare: Callable[[int], T], deed: Callable[[T], object]) -> float:
    """Return the median time of *deed* on the values that *prepare* makes, in ms."""
    times = []
    for number in range(rounds):
        prepared = prepare(number)
        began = time.perf_counter()
        deed(prepared)
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


def measure(house: Services, rounds: int) -> dict[str, float]:
    """Return the median time of each verb, in ms."""
    client = redis.Redis(connection_pool=house.connection.pools[0])

    def sent(_: int, **more: object) -> Sent:
        return house.sending.send(Draft(TEXT, **more))  # type: ignore[arg-type]

    def link(message: Sent) -> LinkToken:
        return message.links[0].token

    def reveal(message: Sent, passphrase: str | None = None) -> None:
        house.reading.reveal(link(message), READER, passphrase, visitor="program")

    def opened(number: int) -> Sent:
        message = sent(number)
        reveal(message)
        return message

    def plain(number: int) -> str:
        client.set(f"bench:{number}", TEXT)
        return f"bench:{number}"

    def get_then_delete(key: str) -> None:
        client.get(key)
        client.delete(key)

    return {
        BASELINE: median_ms(rounds, int, lambda _: client.echo("x")),
        "get then delete": median_ms(rounds, plain, get_then_delete),
        "send": median_ms(rounds, int, lambda _: sent(0)),
        "send to 20": median_ms(
            rounds // 4, int, lambda _: sent(0, recipients=tuple(f"r{i}" for i in range(20)))
        ),
        "preview": median_ms(
            rounds, sent, lambda m: house.reading.preview(link(m), visitor="browser")
        ),
        "reveal": median_ms(rounds, sent, reveal),
        "reveal, passphrase": median_ms(
            rounds // 8, lambda n: sent(n, passphrase=WORD), lambda m: reveal(m, WORD)
        ),
        "acknowledge": median_ms(
            rounds,
            opened,
            lambda m: house.answering.acknowledge(link(m), READER, keep=False),
        ),
        "recall": median_ms(rounds, sent, lambda m: house.managing.recall(m.control)),
        "status": median_ms(rounds, opened, lambda m: house.managing.status(m.control)),
    }


def run(_: Options) -> tuple[str, dict[str, str]]:
    """Measure on an embedded store, with and without the disk; return the part's text."""
    logs.configure("warning")
    figures, events = {}, []
    for durability in ("memory", "disk"):
        with tempfile.TemporaryDirectory() as folder:
            settings = Settings(
                data_dir=Path(folder), durability=durability, webhook_networks=(LOOPBACK,)
            )
            store = EmbeddedStore(settings.data_dir, settings.store_bytes, durability)
            store.start()
            try:
                ring = keyring.Keyring.parse(keyring.new_key())
                connection = Connection(wiring.connect(store.url))
                house = wiring.assemble(settings, ring, connection)
                measure(house, 20)
                figures[durability] = measure(house, ROUNDS)
                bare, ours = events_per_second(house)
                events.append(f"{durability} {ours:,.0f} (a bare client: {bare:,.0f})")
            finally:
                store.stop()
    rows = [
        [verb, *[cell for its in figures.values() for cell in _cells(its, verb)]]
        for verb in figures["disk"]
    ]
    head = ["", "memory, ms", "ECHOs", "disk, ms", "ECHOs"]
    text = (
        "The core alone, without HTTP, one caller: the median time, and as many times the bare"
        f" round trip (an `ECHO`).\n\n{page.table(head, rows)}\n\nEvents delivered a second by"
        f" one worker: {'; '.join(events)}.\n"
    )
    return text, {}


def _cells(its: dict[str, float], verb: str) -> list[str]:
    return [f"{its[verb]:.3f}", f"{its[verb] / its[BASELINE]:.1f}"]
