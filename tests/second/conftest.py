"""Stores that both implementations read."""

import pytest
import redis

from restante import wiring
from restante.service.embedded_store import EmbeddedStore
from restante.store.connection import Connection
from tests.second import dump, reader
from tests.second.lives import Lives, live


@pytest.fixture(scope="session")
def lived(tmp_path_factory):
    """A store of this version, in which all has just happened."""
    store = EmbeddedStore(tmp_path_factory.mktemp("lived"), 64 * 1024 * 1024, "disk")
    store.start()
    connection = Connection(wiring.connect(store.url))
    lives = live(connection)
    with redis.Redis.from_url(store.url) as client:
        yield connection, lives, client
    for pool in connection.pools:
        pool.disconnect()
    store.stop()


@pytest.fixture(params=["live", *(path.stem for path in sorted(dump.DUMPS.glob("*.jsonl")))])
def copy(request, lived, own_store):
    """A copy as the second implementation reads it: of this version, and of each before."""
    if request.param == "live":
        _, lives, client = lived
    else:
        client = redis.Redis.from_url(own_store(durability="memory").url)
        written = (dump.DUMPS / f"{request.param}.jsonl").read_text("ascii")
        lives = Lives(**dump.load(client, written))
    its = reader.Copy(dump.read(client), lives.root_keys, lives.now)
    return its, lives
