"""When limits count, and what still works while the store cannot."""

from __future__ import annotations

import pytest
import redis

from restante import wiring
from restante.settings import MIB, Settings
from restante.store.connection import Connection
from webapp.app import create_app
from webapp.http import rate_limits


@pytest.fixture
def made(own_store, ring):
    """Return a maker of an application over a store of its own."""
    pools = []

    def make(offload=wiring.call, **settings):
        store = own_store(store_bytes=16 * MIB, durability="memory")
        pool = wiring.connect(store.url)
        pools.append(pool)
        its = Settings(rate_limits=True, **settings)
        services = wiring.assemble(
            its, ring, Connection(pool), offload=rate_limits.counted_before(offload)
        )
        return create_app(services).test_client(), redis.Redis.from_url(store.url)

    yield make
    for pool in pools:
        pool.disconnect()


def test_a_limit_counts_before_a_passphrase_is_stretched(made):
    stretched = []

    def offload(function, *arguments):
        stretched.append(function.__name__)
        return function(*arguments)

    client, _ = made(offload, limit_send=3, limit_passphrase=2)
    body = {"text": "x", "passphrase": "a word"}
    sent = [client.post("/api/v1/messages", json=body) for _ in range(5)]
    link = sent[0].json["links"][0]["token"]
    read = [
        client.post(
            "/api/v1/link/reveal",
            json={"passphrase": "wrong"},
            headers={"Authorization": f"Bearer {link}", "Idempotency-Key": "0" * 20},
        )
        for _ in range(4)
    ]

    assert [answer.status_code for answer in sent] == [201] * 3 + [429] * 2
    assert [answer.status_code for answer in read] == [403] * 2 + [429] * 2
    assert stretched == ["stretch"] * (3 + 2)


def test_a_request_that_no_script_ran_for_counts_too(made):
    client, store = made(limit_preview=3)
    bearers = ["no token", "L" + "x" * 34, "C" + "A" * 34, "", "no token"]
    statuses = [
        client.get("/api/v1/link", headers={"Authorization": f"Bearer {bearer}"}).status_code
        for bearer in bearers
    ]
    [counter] = store.scan_iter("*:limit:*")

    assert statuses == [404] * 3 + [429] * 2
    assert store.get(counter) == b"5"


def test_a_refused_request_spends_and_counts_nothing_else(made):
    client, store = made(limit_send=2, limit_reveal=1, budget_messages=1)
    first, second, third = (client.post("/api/v1/messages", json={"text": "x"}) for _ in range(3))
    link = first.json["links"][0]["token"]

    def reveal(reader_key):
        headers = {"Authorization": f"Bearer {link}", "Idempotency-Key": reader_key}
        return client.post("/api/v1/link/reveal", headers=headers)

    unknown = client.post(
        "/api/v1/link/reveal",
        headers={"Authorization": "Bearer L" + "A" * 34, "Idempotency-Key": "0" * 20},
    )
    refused = reveal("1" * 20)
    seen = client.get("/api/v1/link", headers={"Authorization": f"Bearer {link}"})
    [budget] = store.scan_iter("*:budget:*")

    assert [first.status_code, second.status_code, third.status_code] == [201, 429, 429]
    assert int(second.headers["Retry-After"]) > 3_600
    assert third.headers["Retry-After"] == "60"
    assert store.hgetall(budget) == {b"messages": b"1", b"bytes": b"1"}
    assert (unknown.status_code, refused.status_code) == (404, 429)
    assert (seen.json["state"], seen.json["views_left"]) == ("sealed", 1)


def test_a_full_store_still_counts_and_shows_a_status(made):
    client, store = made(limit_status=3)
    control = client.post("/api/v1/messages", json={"text": "x"}).json["control_token"]
    headers = {"Authorization": f"Bearer {control}"}
    store.config_set("maxmemory", 1)
    statuses = [client.get("/api/v1/message", headers=headers).status_code for _ in range(5)]

    assert statuses == [200] * 3 + [429] * 2


def test_a_store_that_takes_no_writes_still_shows_a_status(made):
    client, store = made(limit_status=3)
    control = client.post("/api/v1/messages", json={"text": "x"}).json["control_token"]
    headers = {"Authorization": f"Bearer {control}"}
    store.config_set("min-replicas-to-write", 1)
    statuses = [client.get("/api/v1/message", headers=headers).status_code for _ in range(5)]

    # Counted in memory.
    assert statuses == [200] * 3 + [429] * 2
