"""Which root keys the browsers need that messages tell.  Reads only, for the command `check`."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import redis

from restante.channels import CHANNELS
from restante.crypto.sealed_fields import SealedFields
from restante.crypto.tokens import ID_SIZE
from restante.errors import Unavailable
from restante.store.rewrites import LOST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restante.crypto.keyring import Keyring
    from restante.store.connection import Connection

PLACES = [name for name, channel in CHANNELS.items() if channel.subscribes]
MARK = b":message:"
PAGE = 1_000
KEYS_MOST = 2_000_000
"""How many keys of a primary are looked at; a second or two for each million."""


class ScanForbidden(Exception):
    """The store does not permit SCAN to our login."""


def root_ids(connection: Connection, keyring: Keyring) -> Counter[bytes]:
    """Return how many browsers need each root key, by its id.

    Raises:
        Unavailable: The store does not answer.
        ScanForbidden: It does not permit SCAN.
    """
    fields, found = SealedFields(keyring), Counter[bytes]()
    try:
        for node in connection.nodes.all():
            client = redis.Redis(connection_pool=node.pool)
            for message_id, kept in _kept(client):
                its = fields.open_target("push", message_id, kept[ID_SIZE:])
                # A box that does not open needs the key that it was made with.
                needed = bytes.fromhex(its["root"]) if its else fields.root_of(kept[ID_SIZE:])
                found[needed] += 1
    except redis.exceptions.NoPermissionError:
        raise ScanForbidden from None
    except LOST:
        raise Unavailable from None
    return found


def _kept(client: redis.Redis) -> Iterator[tuple[bytes, bytes]]:
    """Yield message id and what is stored for each browser."""
    cursor, looked_at = 0, 0
    while True:
        cursor, names = client.scan(cursor, match="*:message:*", count=PAGE)
        yield from _of_page(client, names)
        looked_at += PAGE
        if not cursor or looked_at >= KEYS_MOST:
            return


def _of_page(client: redis.Redis, names: list[Any]) -> Iterator[tuple[bytes, bytes]]:
    with client.pipeline(transaction=False) as pipeline:
        for name in names:
            pipeline.hmget(name, PLACES)
        rows = pipeline.execute()
    for name, row in zip(names, rows, strict=True):
        for kept in filter(None, row):
            yield name.partition(MARK)[2], kept
