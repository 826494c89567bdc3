"""The composition root: builds store, keyring and use cases from the settings."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.retry import Retry

from restante.attaching import Attaching
from restante.background import at_once
from restante.blobs import places
from restante.blobs.folder import Folder
from restante.channels.channel import Desk
from restante.consents import Consents
from restante.crypto.keyring import Keyring
from restante.crypto.sealed_fields import SealedFields
from restante.crypto.vapid import VapidKeys
from restante.deadlines import Timekeeping
from restante.delivery import Delivering
from restante.errors import SettingsInvalid
from restante.feedback import Answering
from restante.fetching import Fetching
from restante.files_there import FilesThere
from restante.managing import Managing
from restante.notifying import Notifying
from restante.place_watch import PlaceWatch
from restante.reading import Reading
from restante.scanning import Clamd
from restante.sender_tokens import Admission
from restante.sending import Sending
from restante.sent_list import SentList
from restante.settings.parsers import CLUSTER_TLS
from restante.store.budgets import Budgets
from restante.store.connection import Connection
from restante.store.consents import ConsentStore
from restante.store.deadlines import Deadlines
from restante.store.fetches import Fetches
from restante.store.links import Links
from restante.store.messages import Messages
from restante.store.nodes import ClusterNodes
from restante.store.outbox import Outbox
from restante.store.persistence import Files
from restante.store.readers import Readers
from restante.store.sender_tokens import SenderTokens
from restante.store.sent_lists import SentLists
from restante.store.uploads import Uploads
from restante.sweeping import Sweeping
from restante.taking_out import TakingOut
from restante.uploading import Uploading

if TYPE_CHECKING:
    from restante.background import Background
    from restante.blobs import Blobs
    from restante.metrics.meters import Meters
    from restante.settings import Settings
    from restante.store.connection import Observe

UNKNOWN_OPTION = (
    "RESTANTE_REDIS_URL has an option behind its ? that is not known;"
    " Sentinel is not supported: name the primary, or a cluster"
)
CONNECTIONS = 32
CLUSTER_CONNECTIONS = 128
"""Connections to each primary.  Cluster pools do not wait for a free one, they refuse."""
SOCKET_TIMEOUT_SECONDS = 0.8

Offload = Callable[..., Any]
Count = Callable[[str, int], None]


def uncounted(_word: str, _many: int = 1) -> None:
    """Count nothing."""


def call(function: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401
    """Run *function* directly: the `offload` of processes where nothing else waits."""
    return function(*arguments)


SOCKETS: dict[str, Any] = {
    "socket_timeout": SOCKET_TIMEOUT_SECONDS,
    "socket_connect_timeout": SOCKET_TIMEOUT_SECONDS,
    "protocol": 3,
    "legacy_responses": False,
}


def connect(redis_url: str) -> redis.BlockingConnectionPool:
    """Return the connection pool that this process shares.

    redis-py would retry a command that timed out, and so could run a claim twice.  Its
    retries are off; `restante.store.connection` decides what to retry.

    Raises:
        SettingsInvalid: The URL has an unknown option.
    """
    try:
        pool = redis.BlockingConnectionPool.from_url(
            redis_url,
            max_connections=CONNECTIONS,
            timeout=SOCKET_TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 0),
            **SOCKETS,
        )
        pool.connection_class(**pool.connection_kwargs)  # connects to nothing
    except (TypeError, ValueError, redis.RedisError):
        raise SettingsInvalid([UNKNOWN_OPTION]) from None
    assert isinstance(pool, redis.BlockingConnectionPool)
    return pool


def join(cluster_url: str, *, durable: bool) -> ClusterNodes:
    """Return the nodes of a cluster; any node in the URL can tell the others."""
    parts = urlsplit(cluster_url)
    login, _, hosts = parts.netloc.rpartition("@")
    name, _, password = login.partition(":")

    def make() -> RedisCluster:
        pairs = [urlsplit(f"//{host}") for host in hosts.split(",")]
        return RedisCluster(
            startup_nodes=[ClusterNode(p.hostname or "", p.port or 6379) for p in pairs],
            username=unquote(name) or None,
            password=unquote(password) or None,
            ssl=parts.scheme == CLUSTER_TLS,
            max_connections=CLUSTER_CONNECTIONS,
            retry=Retry(NoBackoff(), 0),
            **SOCKETS,
        )

    return ClusterNodes(make, durable=durable)


@dataclass(frozen=True, slots=True)
class Services:
    """The services container: everything that web, worker and commands need of the core."""

    settings: Settings
    keyring: Keyring
    connection: Connection
    sending: Sending
    uploading: Uploading
    fetching: Fetching
    blobs: Blobs | None
    place_watch: PlaceWatch | None
    sweeping: Sweeping
    managing: Managing
    taking_out: TakingOut
    notifying: Notifying
    reading: Reading
    answering: Answering
    timekeeping: Timekeeping
    delivering: Delivering
    files: Files
    admission: Admission
    budgets: Budgets
    consents: Consents
    sent_list: SentList
    vapid_keys: VapidKeys
    meters: Meters | None = None
    """This process's metrics; None if metrics are off."""

    def key_for(self, purpose: str) -> bytes:
        """Return a 32-byte key for MACs of the web: HMAC-SHA-256 under the newest root key."""
        return _edge_key(self.keyring.newest, purpose)


@lru_cache(maxsize=32)
def _edge_key(root_key: bytes, purpose: str) -> bytes:
    return hmac.digest(root_key, b"restante/v1/edge/" + purpose.encode(), hashlib.sha256)


def build(
    settings: Settings,
    *,
    offload: Offload = call,
    disk: Offload = call,
    background: Background = at_once,
    meters: Meters | None = None,
) -> Services:
    """Build the services of one process; *meters* count its calls to the store.

    Raises:
        SettingsInvalid: Store or root keys are missing or unusable.
    """
    keyring = Keyring.parse(settings.root_keys or "")
    connection = reach(settings, meters.asked if meters else None)
    return replace(
        assemble(
            settings,
            keyring,
            connection,
            offload=offload,
            disk=disk,
            background=background,
            count=meters.filed if meters else uncounted,
        ),
        meters=meters,
    )


def reach(settings: Settings, observe: Observe | None = None) -> Connection:
    """Return the connection to the store in the settings; it opens no socket yet."""
    address = settings.redis_url or ""
    if settings.is_cluster:
        nodes = join(address, durable=settings.durability == "replicas:all")
        return Connection.over(nodes, observe)
    return Connection(connect(address), observe=observe)


def assemble(  # noqa: PLR0913 (what tests replace)
    settings: Settings,
    keyring: Keyring,
    connection: Connection,
    *,
    offload: Offload = call,
    disk: Offload = call,
    background: Background = at_once,
    now: Callable[[], int] | None = None,
    count: Count = uncounted,
) -> Services:
    """Build the use cases over a store.

    *offload* runs what needs a core for long, *disk* what waits for a disk,
    *background* what can go on meanwhile.  *now* (ms) replaces
    the store's clock in tests.  *count* is told of bytes of files and of refused uploads.
    """
    messages = Messages(connection, now)
    budgets = Budgets(connection, settings)
    outbox = Outbox(connection, now)
    consents = Consents(ConsentStore(connection, now), outbox, keyring)
    facts = SealedFields(keyring)
    uploads = Uploads(connection, now)
    blobs = places.place_of(settings, disk)
    if not isinstance(blobs, Folder):
        disk = call  # what waits for S3 blocks nobody: see `restante.blobs.s3_line`
    desk = Desk(consents, messages.report, settings, facts, budgets.afford_mail)
    return Services(
        settings=settings,
        keyring=keyring,
        connection=connection,
        sending=Sending(messages, keyring, settings, offload, Attaching(uploads, facts, settings)),
        uploading=Uploading(
            uploads,
            blobs,
            settings,
            disk,
            count=count,
            background=background,
            scanner=Clamd(settings.scan) if settings.scan else None,
        ),
        fetching=Fetching(
            Fetches(connection, now),
            blobs,
            keyring,
            settings,
            disk,
            count=count,
            background=background,
        ),
        blobs=blobs,
        place_watch=PlaceWatch(uploads, blobs, settings, disk) if blobs else None,
        sweeping=Sweeping(uploads, blobs, forgets=settings.durability == "memory"),
        managing=Managing(messages, keyring, settings),
        taking_out=TakingOut(messages, keyring),
        notifying=Notifying(messages, keyring, settings),
        reading=Reading(
            Links(connection, now), keyring, settings, offload, FilesThere(blobs, disk)
        ),
        answering=Answering(Readers(connection, now), keyring, settings),
        timekeeping=Timekeeping(Deadlines(connection, now)),
        delivering=Delivering(outbox, keyring, desk, budgets if settings.rate_limits else None),
        files=Files(connection),
        admission=Admission(SenderTokens(connection, now), keyring, settings),
        budgets=budgets,
        consents=consents,
        vapid_keys=VapidKeys(keyring),
        sent_list=SentList(messages, SentLists(connection, now), keyring, settings),
    )
