"""Workers killed at random while browsers are told: each event at least once, none overtaken."""

import json
import random
import subprocess
import sys
import time

import redis

from restante import wiring
from restante.crypto import keyring
from restante.crypto.keyring import Keyring
from restante.messages import Draft
from restante.settings import Settings
from restante.store.connection import Connection
from restante.store.keys import TAGS
from tests.conftest import read
from tests.core.test_push import AUTH, Browser
from tests.second import push as second
from tests.support import canaries
from tests.support.processes import ROOT, wait_until
from tests.support.receiver import Receiver
from tests.worker.test_webhook import LOOPBACK

MESSAGES, VIEWS = 12, 4
SEED = 20_261_129


def start(store, key, log):
    environ = {
        "PATH": "/usr/bin:/bin",
        "RESTANTE_REDIS_URL": store.url,
        "RESTANTE_ROOT_KEYS": key,
        "RESTANTE_DURABILITY": "memory",
        "RESTANTE_WEBHOOK_NETWORKS": "127.0.0.0/8",
    }
    command = [sys.executable, "-m", "worker"]
    return subprocess.Popen(command, cwd=ROOT, env=environ, stdout=log, stderr=log)


def end_waits(store):
    """Let all that was taken or has to wait be due."""
    with redis.Redis.from_url(store.url) as raw:
        for tag in TAGS:
            for member in raw.zrange(key := f"{{{tag}}}:outbox-push", 0, -1):
                raw.zadd(key, {member: 0}, xx=True)


def test_workers_killed_at_random_tell_every_browser_everything_in_order(own_store, tmp_path):
    store, key, chance = own_store(durability="memory"), keyring.new_key(), random.Random(SEED)
    connection = Connection(wiring.connect(store.url))
    house = wiring.assemble(Settings(webhook_networks=LOOPBACK), Keyring.parse(key), connection)
    behave = lambda _: chance.choice([201, 201, 201, 503, "drop"])  # noqa: E731
    with Receiver(behave) as receiver, (tmp_path / "log").open("wb") as log:
        told = {}
        for number in range(MESSAGES):
            pair = [Browser(receiver, f"{number}-{name}") for name in "ab"]
            its = [one.subscription(house, events=("opened",)) for one in pair]
            sent = house.sending.send(Draft("x", views=VIEWS, push=its[0]))
            house.managing.subscribe(sent.control, its[1])
            told[sent] = pair
            canaries.learn("endpoint", pair[0].endpoint)
        views, kills, deadline = 0, 0, time.monotonic() + 120
        while time.monotonic() < deadline:
            for sent in told if views < VIEWS else ():
                read(house, sent.links[0].token, views)
            views += 1
            worker, before = start(store, key, log), len(receiver.posts)
            wait_until(lambda: len(receiver.posts) > before, 30)  # noqa: B023
            time.sleep(chance.uniform(0, 0.5))
            worker.kill()
            worker.wait()
            kills += 1
            end_waits(store)
            if views >= VIEWS and not house.delivering.waiting(10):
                break

    canaries.check_log("a worker", (tmp_path / "log").read_text("utf-8", "replace"))
    assert kills >= VIEWS
    assert not house.delivering.waiting(10)
    for sent, pair in told.items():
        for browser in pair:
            came = [
                json.loads(second.open_body(browser.key, AUTH, post.body))
                for post in browser.posts()
            ]
            numbers = [int(one["event"].rpartition("-")[2]) for one in came]
            assert {one["message"] for one in came} == {sent.message_id.hex()}
            # A worker that was killed before it settled is followed by one that repeats its turn.
            assert list(dict.fromkeys(numbers)) == list(range(2, VIEWS + 2))
    for pool in connection.pools:
        pool.disconnect()
