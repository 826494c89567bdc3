"""What all tests share: a real store, a house over it, a clock that can be turned."""

from __future__ import annotations

import os
import re
import shutil
import time
from typing import TYPE_CHECKING

import pytest
import redis
import structlog
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from restante import wiring
from restante.crypto import keyring
from restante.crypto.keyring import Keyring
from restante.crypto.tokens import LinkToken, ReaderKey
from restante.service.embedded_store import EmbeddedStore
from restante.settings import MIB, Settings
from restante.store.connection import Connection
from restante.store.keys import TAGS
from tests.support import canaries
from tests.support.mailserver import MailServer

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    from restante.reports import Sent
    from restante.wiring import Services

MISSING = re.compile(r"there is no (\S+): (\w+)=required")
"""Why a test was skipped; also where other processes ran it."""
PATIENCE_SECONDS = 10
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
WITHOUT_WINDOWS = "chromium-headless-shell"
"""Chromium's own build for machines without a screen: a third of the work for each person."""
SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")
"""Where servers lie; a person's PATH may lack them."""

hypothesis_settings.register_profile(
    "restante",
    deadline=None,  # a store of its own answers when it can
    suppress_health_check=[HealthCheck.too_slow],
)
hypothesis_settings.load_profile("restante")


class Clock:
    """A clock that only the test turns.  It starts at the real time, since TTLs are real."""

    def __init__(self) -> None:
        self._now = int(time.time() * 1000)

    def now(self) -> int:
        return self._now

    def forward(self, ms: int) -> int:
        self._now += ms
        return self._now


def reader_key(number: int = 1) -> ReaderKey:
    """Return what reader *number* is known by."""
    return ReaderKey(f"the-key-of-reader-{number}")


def read(house: Services, link: LinkToken, reader: int = 1, passphrase: str | None = None) -> str:
    """Open a message as reader *reader* and return its text."""
    return house.reading.reveal(link, reader_key(reader), passphrase, visitor="browser").text


def happened(house: Services, sent: Sent) -> list[str]:
    """Return the types of a message's events, oldest first."""
    return [event.type for event in house.managing.status(sent.control).events]


def kept_of(raw: redis.Redis, sent: Sent) -> dict[bytes, int]:
    """Return every key of a message and the time when it goes: -1 is never."""
    tag = f"{{{TAGS[sent.control.shard]}}}:".encode()
    ids = [sent.message_id, *(link.link_id for link in sent.links)]
    found = [
        key
        for key in raw.scan_iter(tag + b"*", count=10_000)
        if any(key.partition(b":")[2].partition(b":")[2].startswith(i) for i in ids)
    ]
    return {key.removeprefix(tag): raw.pexpiretime(key) for key in found}


def due_of(raw: redis.Redis, sent: Sent) -> dict[bytes, int]:
    """Return what the worker will do about a message, and when."""
    ids = [sent.message_id, *(link.link_id for link in sent.links)]
    members = raw.zrange(f"{{{TAGS[sent.control.shard]}}}:due", 0, -1, withscores=True)
    return {m: int(at) for m, at in members if m.partition(b":")[2] in ids}


def check_times(raw: redis.Redis, sent: Sent) -> None:
    """Every key of a message has a TTL, and what a wrapped key needs goes no sooner than it."""
    kept = kept_of(raw, sent)
    assert all(goes > 0 for goes in kept.values())

    tag = f"{{{TAGS[sent.control.shard]}}}:link:".encode()
    for link in sent.links:
        if (goes := kept.get(b"key:" + link.link_id)) is None:
            continue
        version = raw.hget(tag + link.link_id, "version") or b"1"
        content = b"content:" + sent.message_id + b":" + version
        for needed in (b"message:" + sent.message_id, b"link:" + link.link_id,
                       b"events:" + sent.message_id, content):  # fmt: skip
            assert kept[needed] >= goes
        for possible in (b"readers:" + link.link_id, b"looks:" + sent.message_id):
            assert kept.get(possible, goes) >= goes


@pytest.fixture(scope="module", autouse=True)
def logs_as_before() -> Iterator[None]:
    """Undo what commands called in this process changed about logs: later files read theirs."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStore]:
    """One real store for the whole session; ids are unique, so nobody cleans up.

    It keeps nothing on disk: what a disk promises is tested with stores of their own.
    """
    store = EmbeddedStore(tmp_path_factory.mktemp("store"), 256 * MIB, "memory")
    store.start()
    yield store
    store.stop()


@pytest.fixture
def own_store(tmp_path: Path) -> Iterator[Callable[..., EmbeddedStore]]:
    """Start stores that a test may fill, flush or kill."""
    started = []

    def start(store_bytes: int = 64 * MIB, durability: str = "disk") -> EmbeddedStore:
        folder = tmp_path / f"store-{len(started)}"
        store = EmbeddedStore(folder, store_bytes, durability)
        started.append(store)
        store.start()
        return store

    yield start
    for store in started:
        store.stop()


@pytest.fixture(scope="session")
def raw(store: EmbeddedStore) -> Iterator[redis.Redis]:
    """The store as somebody sees it who has broken into it."""
    with redis.Redis.from_url(store.url, protocol=3, legacy_responses=False) as client:
        yield client


@pytest.fixture(scope="session")
def connection(store: EmbeddedStore) -> Iterator[Connection]:
    """As `wiring.connect` makes it, but patient: the machine may be busy with other things."""
    pool = redis.BlockingConnectionPool.from_url(
        store.url,
        retry=Retry(NoBackoff(), 0),
        **wiring.SOCKETS | {"socket_timeout": PATIENCE_SECONDS},
    )
    yield Connection(pool)
    pool.disconnect()


@pytest.fixture(scope="session")
def ring() -> Keyring:
    return Keyring.parse(keyring.new_key())


@pytest.fixture(scope="session")
def house(connection: Connection, ring: Keyring) -> Services:
    """The use cases by the store's own clock."""
    return wiring.assemble(Settings(), ring, connection)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def turned_house(connection: Connection, ring: Keyring, clock: Clock) -> Services:
    """The use cases by the test's clock."""
    return wiring.assemble(Settings(), ring, connection, now=clock.now)


@pytest.fixture(scope="module")
def mail() -> Iterator[MailServer]:
    """A mail server, as the operator has one."""
    with MailServer() as server:
        yield server


@pytest.fixture(scope="session")
def program() -> Callable[..., str]:
    """Return where a program is, by the first of its names that is there.

    Without it the test is skipped, or fails if the variable of the environment, PROGRAMS or
    another, is `required`.
    """

    def find(*names: str, variable: str = "PROGRAMS") -> str:
        folders = os.pathsep.join((os.environ.get("PATH", os.defpath), *SYSTEM_FOLDERS))
        for name in names:
            if path := shutil.which(name, path=folders):
                return path
        if os.environ.get(variable) == "required":
            pytest.fail(f"{variable}=required, and there is no {names[0]}")
        pytest.skip(f"there is no {names[0]}: {variable}=required makes this a failure")

    return find


@pytest.fixture(scope="session")
def chromium_path(program: Callable[..., str]) -> str:
    """Where the browser is; see `program`."""
    return program(*CHROMIUM, variable="BROWSER")


@pytest.fixture(scope="session")
def light_chromium_path(program: Callable[..., str]) -> str:
    """Where the browser is that costs least; see `program`."""
    return program(WITHOUT_WINDOWS, *CHROMIUM, variable="BROWSER")


LONG = {"test_run.py", "test_failover.py", "test_cluster.py", "test_server.py", "test_commands.py"}
"""Files that take longest, after those with a browser."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, so that none of them is alone at the end."""
    items.sort(key=lambda item: item.path.name not in LONG and "browser" not in item.path.parts)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test in whose own process a log line told a secret."""
    report = yield
    if report.when == "teardown":
        try:
            canaries.check_printed(item.name, f"{report.capstdout}\n{report.capstderr}")
        except canaries.Spoken as spoken:
            report.outcome, report.longrepr = "failed", str(spoken)
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    missing = {m.groups() for report in skipped if (m := MISSING.search(str(report.longrepr)))}
    for name, variable in sorted(missing):
        title = f"NO {name.upper()}: WHAT NEEDS IT WAS NOT TESTED"
        terminalreporter.section(title, sep="!", red=True)
        terminalreporter.line(f"Install it; {variable}=required makes this a failure.")


@pytest.fixture(scope="session")
def s3_server():
    """An S3 server over HTTP on the loopback address; started only where it is used."""
    from tests.support.s3_server import S3Server  # noqa: PLC0415 (loads the client)

    with S3Server() as server:
        yield server
