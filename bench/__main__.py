"""Time of every verb as a ratio to one bare round trip to the store, in the same run.

Machines are noisy, so only the ratios say something: a verb of one round trip should cost
little more than the round trip; what it costs beyond is crypto and the script.  The
baseline is an ECHO of the same connection pool to the same store, with the same durability
(none is written); the "get then delete" that others use stands beside reveal.
"""

from __future__ import annotations

import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import redis

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

    from restante.reports import Sent
    from restante.wiring import Services

T = TypeVar("T")
ROUNDS = 400
FILLED = 10_000
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
        "echo (baseline)": median_ms(rounds, int, lambda _: client.echo("x")),
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


def start_seconds(messages: int) -> list[float]:
    """Return how long the whole service took to start: with an empty, then with a full store."""
    took = []
    with tempfile.TemporaryDirectory() as folder:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        ours = {"RESTANTE_BIND": f"127.0.0.1:{port}", "RESTANTE_DATA_DIR": folder}
        for start in range(3):
            began = time.perf_counter()
            service = subprocess.Popen(
                [sys.executable, "-m", "restante"],
                env=os.environ | ours,
                stdout=subprocess.PIPE,
                text=True,
            )
            assert service.stdout
            next(line for line in service.stdout if '"event": "ready"' in line)
            took.append(time.perf_counter() - began)
            try:
                if start == 0:
                    fill(Path(folder), messages)
            finally:
                service.send_signal(signal.SIGINT)
                service.communicate()
    return took


def fill(folder: Path, messages: int) -> None:
    """Send messages directly into a running service's store."""
    ring = keyring.Keyring.parse((folder / "root.keys").read_text("utf-8").strip())
    connection = Connection(wiring.connect(f"unix://{folder / 'store.sock'}"))
    house = wiring.assemble(Settings(), ring, connection)
    with ThreadPoolExecutor(8) as senders:
        for sent in senders.map(lambda _: house.sending.send(Draft(TEXT)), range(messages)):
            assert sent.links


def main() -> int:
    """Measure on an embedded store, with and without the disk."""
    logs.configure("warning")
    took = start_seconds(FILLED)
    print(f"start, in seconds: empty {took[0]:.2f}, with {FILLED} messages", end=" ")
    print(", ".join(f"{seconds:.2f}" for seconds in took[1:]))
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
                figures = measure(house, ROUNDS)
                bare, ours = events_per_second(house)
            finally:
                store.stop()
        base = figures["echo (baseline)"]
        print(f"durability {durability}: median ms, and times the baseline")
        for name, ms in figures.items():
            print(f"  {name:<20} {ms:8.3f} {ms / base:8.1f}")
        print(f"  events delivered a second: {ours:.0f}; posted by a bare client: {bare:.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
