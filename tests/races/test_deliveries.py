"""Workers killed at random while 2,000 events go out: none is lost, none overtakes another."""

import random
import subprocess
import sys
import time
from ipaddress import ip_network

import pytest
import redis

from restante import wiring
from restante.crypto import keyring
from restante.crypto.keyring import Keyring
from restante.messages import Draft
from restante.settings import Settings
from restante.store.connection import Connection
from restante.store.keys import TAGS
from tests.conftest import read
from tests.support import canaries
from tests.support.processes import ROOT, wait_until
from tests.support.receiver import Receiver

MESSAGES, VIEWS = 200, 10
EVENTS = MESSAGES * VIEWS
SEED = 20_261_122


@pytest.fixture
def filled(own_store):
    """A store, the settings to reach it, and messages with many events each."""
    store, key = own_store(durability="memory"), keyring.new_key()
    connection = Connection(wiring.connect(store.url))
    settings = Settings(webhook_networks=(ip_network("127.0.0.0/8"),))
    house = wiring.assemble(settings, Keyring.parse(key), connection)
    environ = {
        "RESTANTE_REDIS_URL": store.url,
        "RESTANTE_ROOT_KEYS": key,
        "RESTANTE_DURABILITY": "memory",
        "RESTANTE_WEBHOOK_NETWORKS": "127.0.0.0/8",
    }
    yield store, house, environ
    for pool in connection.pools:
        pool.disconnect()


def start(environ, log):
    return subprocess.Popen(
        [sys.executable, "-m", "worker"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin"} | environ,
        stdout=log,
        stderr=log,
    )


def end_leases(store):
    """Let all that was taken be due: what waiting for the leases' end would do."""
    with redis.Redis.from_url(store.url) as raw:
        for tag in TAGS:
            key = f"{{{tag}}}:outbox"
            for member in raw.zrange(key, 0, -1):
                raw.zadd(key, {member: 0}, xx=True)


def test_workers_killed_at_random_lose_no_event_and_keep_the_order(filled, tmp_path):
    store, house, environ = filled
    chance = random.Random(SEED)
    with Receiver() as receiver, (tmp_path / "log").open("wb") as log:
        draft = Draft("x", views=VIEWS, webhook=receiver.url)
        sent = [house.sending.send(draft) for _ in range(MESSAGES)]
        for number in range(VIEWS):
            for one in sent:
                read(house, one.links[0].token, number)
        receiver.behave = lambda _: 500 if chance.random() < 0.01 else 204
        kills = 0
        deadline = time.monotonic() + 150
        while house.delivering.waiting(10) and time.monotonic() < deadline:
            before = len(receiver.posts)
            workers = [start(environ, log) for _ in range(2)]
            wait_until(lambda: len(receiver.posts) > before, 30)  # noqa: B023
            for worker in chance.sample(workers, 2):
                time.sleep(chance.uniform(0, 1.5))
                worker.kill()
                worker.wait()
                kills += 1
            end_leases(store)

    canaries.check_log("a worker", (tmp_path / "log").read_text("utf-8", "replace"))
    wanted = {(one.message_id.hex(), n) for one in sent for n in range(2, VIEWS + 2)}
    assert {(post.message, post.number) for post in receiver.taken} == wanted
    assert kills >= 6
    last: dict[str, int] = {}
    first_of: dict[str, bytes] = {}
    for post in receiver.taken:
        reached = last.get(post.message, 1)
        assert post.number <= reached + 1, "an event overtook another"
        last[post.message] = max(reached, post.number)
        assert first_of.setdefault(post.id, post.body) == post.body
    assert len(wanted) == EVENTS
    assert not house.delivering.dead()
