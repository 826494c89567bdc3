"""The embedded store: what it promises, its keeper, its folder and its key."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis
import structlog

from restante.crypto.keyring import Keyring
from restante.service.data_folder import StoreFailed, root_keys_file
from restante.service.embedded_store import EmbeddedStore
from tests.support.processes import ROOT, alive, command_of, wait_until

MIB = 1024 * 1024


@pytest.fixture
def data_dir(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def store(data_dir):
    store = EmbeddedStore(data_dir, 64 * MIB, "disk")
    store.start()
    yield store
    store.stop()


@pytest.fixture
def client(store):
    with redis.Redis.from_url(store.url, protocol=3, legacy_responses=False) as client:
        yield client


def test_a_started_store_answers(client):
    assert client.ping()


def test_the_store_runs_as_promised(client):
    told = client.config_get("*")

    promised = {
        "port": "0",
        "appendonly": "yes",
        "appendfsync": "always",
        "aof-use-rdb-preamble": "yes",
        "rdbcompression": "no",
        "save": "",
        "maxmemory": str(64 * MIB),
        "maxmemory-policy": "noeviction",
        "hash-max-listpack-value": "1024",
        "commandlog-execution-slower-than": "-1",
        "commandlog-request-larger-than": "-1",
        "commandlog-reply-larger-than": "-1",
        "crash-log-enabled": "no",
        "unixsocketperm": "700",
    }
    assert {key: told[key] for key in promised} == promised


def test_nothing_in_the_folder_is_for_others(store, client, data_dir):
    client.set("a", "b")

    modes = {path.name: path.stat().st_mode & 0o077 for path in [data_dir, *data_dir.rglob("*")]}
    assert {"data", "lock", "store.sock", "appendonlydir"} <= set(modes)
    assert not any(modes.values()), modes


def test_the_store_knows_no_secret_of_the_environment(store):
    assert Path(f"/proc/{store.pid}/environ").read_bytes() == b""


def test_a_killed_store_comes_back_with_everything_it_confirmed(store, client):
    client.set("before", "the kill")
    killed = store.pid
    os.kill(killed, signal.SIGKILL)

    def back():
        store.keep()
        try:
            return store.pid != killed and client.get("before")
        except redis.RedisError:
            return None

    assert wait_until(back) == b"the kill"


def test_a_store_that_keeps_dying_is_started_later_each_time(store, client, data_dir):
    client.set("a", "x" * 1_000)
    os.kill(store.pid, signal.SIGKILL)
    [file] = (data_dir / "appendonlydir").glob("*.incr.aof")
    file.write_bytes(b"?" * file.stat().st_size)
    pids = set()
    with structlog.testing.capture_logs() as lines:
        until = time.monotonic() + 1.2
        while time.monotonic() < until:
            store.keep()
            pids.add(store.pid)
            time.sleep(0.005)

    died = [line for line in lines if line["event"] == "store died"]
    assert 2 <= len(died) <= 4
    assert 2 <= len(pids) <= 4


def test_keeping_a_living_store_does_nothing(store):
    before = store.pid
    store.keep()

    assert store.pid == before


def test_a_second_store_on_the_same_folder_is_refused(store, data_dir):
    with pytest.raises(StoreFailed, match="another Restante is using the data folder"):
        EmbeddedStore(data_dir, 64 * MIB, "disk").start()


def test_a_stopped_store_frees_its_folder_and_keeps_its_data(store, client, data_dir):
    client.set("a", "b")
    pid = store.pid
    store.stop()

    assert alive([pid]) == []
    assert not (data_dir / "store.sock").exists()
    again = EmbeddedStore(data_dir, 64 * MIB, "disk")
    again.start()
    try:
        with redis.Redis.from_url(again.url, protocol=3, legacy_responses=False) as second:
            assert second.get("a") == b"b"
    finally:
        again.stop()


def test_memory_keeps_nothing_on_disk(data_dir):
    store = EmbeddedStore(data_dir, 64 * MIB, "memory")
    store.start()
    try:
        with redis.Redis.from_url(store.url, protocol=3, legacy_responses=False) as client:
            client.set("a", "b")
    finally:
        store.stop()

    assert [path.name for path in data_dir.rglob("*")] == ["lock"]


def test_a_long_path_gets_a_socket_elsewhere_that_goes_with_the_store(tmp_path):
    data_dir = tmp_path / ("long" * 30)
    store = EmbeddedStore(data_dir, 64 * MIB, "disk")
    store.start()
    link = data_dir / "store.sock"
    folder = link.readlink().parent
    try:
        with redis.Redis.from_url(store.url, protocol=3, legacy_responses=False) as client:
            assert client.ping()
        assert folder.stat().st_mode & 0o077 == 0
    finally:
        store.stop()

    assert not link.is_symlink()
    assert not folder.exists()


def test_the_socket_folder_of_a_killed_predecessor_is_cleared(data_dir, tmp_path):
    stale = tmp_path / "restante-stale"
    stale.mkdir()
    data_dir.mkdir(mode=0o700)
    (data_dir / "store.sock").symlink_to(stale / "store.sock")
    store = EmbeddedStore(data_dir, 64 * MIB, "disk")
    store.start()
    store.stop()

    assert not stale.exists()


def test_the_store_dies_with_the_process_that_started_it(data_dir):
    script = (
        "import sys, time, pathlib; from restante.service.embedded_store import EmbeddedStore\n"
        "store = EmbeddedStore(pathlib.Path(sys.argv[1]), 2**26, 'disk'); store.start()\n"
        "print(store.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(data_dir)], cwd=ROOT, stdout=subprocess.PIPE
    ) as parent:
        pid = int(parent.stdout.readline())
        assert "valkey-server" in command_of(pid)
        parent.kill()

    wait_until(lambda: not alive([pid]))
    store = EmbeddedStore(data_dir, 64 * MIB, "disk")
    store.start()
    store.stop()


def test_a_store_that_cannot_start_says_so(data_dir):
    began = time.monotonic()
    with pytest.raises(StoreFailed, match="ended at once"):
        EmbeddedStore(data_dir, -1, "disk").start()
    assert time.monotonic() - began < 10
    store = EmbeddedStore(data_dir, 64 * MIB, "disk")
    store.start()
    store.stop()


def test_an_open_folder_is_narrowed_when_empty_and_refused_when_not(tmp_path):
    empty, full = tmp_path / "empty", tmp_path / "full"
    for folder in (empty, full):
        folder.mkdir()
        folder.chmod(0o755)
    (full / "something").touch()

    store = EmbeddedStore(empty, 64 * MIB, "disk")
    store.lock()
    store.stop()
    assert empty.stat().st_mode & 0o777 == 0o700
    with pytest.raises(StoreFailed, match="chmod 700"):
        EmbeddedStore(full, 64 * MIB, "disk").lock()


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(StoreFailed, match="cannot be used"):
        EmbeddedStore(tmp_path / "file" / "data", 64 * MIB, "disk").lock()


def test_the_root_key_is_made_once_for_us_alone(tmp_path):
    path = root_keys_file(tmp_path)
    first = path.read_text()

    assert root_keys_file(tmp_path) == path
    assert path.read_text() == first
    assert path.stat().st_mode & 0o777 == 0o600
    assert Keyring.parse(first.strip())
    assert [entry.name for entry in tmp_path.iterdir()] == ["root.keys"]


def test_half_a_root_key_left_by_a_crash_is_never_used(tmp_path):
    (tmp_path / "root.keys.new").write_text("half")

    assert Keyring.parse(root_keys_file(tmp_path).read_text().strip())


def test_a_lost_root_key_is_not_replaced_while_messages_need_it(store, data_dir):
    with pytest.raises(StoreFailed, match=r"root\.keys is missing"):
        root_keys_file(data_dir)

    assert not (data_dir / "root.keys").exists()


def begin_to_rewrite(client, data_dir):
    """Begin a rewrite that lasts for minutes; return the file it writes to."""
    for number in range(2_000):
        client.set(f"key {number}", "secret")
    client.config_set("rdb-key-save-delay", 200_000)
    client.bgrewriteaof()
    [file] = wait_until(lambda: list(data_dir.rglob("temp-rewriteaof-*")))
    return file


def left(data_dir):
    return [path.name for path in data_dir.rglob("temp-*")]


def test_a_store_killed_during_a_rewrite_leaves_no_child_and_no_file(store, client, data_dir):
    file = begin_to_rewrite(client, data_dir)
    child = int(file.stem.rpartition("-")[2])
    assert alive([child])
    killed = store.pid
    os.kill(killed, signal.SIGKILL)

    def back():
        store.keep()
        return store.pid != killed

    wait_until(back)
    assert alive([child]) == []
    assert left(data_dir) == []


def test_a_service_killed_during_a_rewrite_leaves_no_child_and_no_file(data_dir):
    script = (
        "import sys, time, pathlib; from restante.service.embedded_store import EmbeddedStore\n"
        "store = EmbeddedStore(pathlib.Path(sys.argv[1]), 2**26, 'disk'); store.start()\n"
        "print(store.url, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(data_dir)], cwd=ROOT, stdout=subprocess.PIPE
    ) as parent:
        url = parent.stdout.readline().decode().strip()
        with redis.Redis.from_url(url) as client:
            file = begin_to_rewrite(client, data_dir)
        child = int(file.stem.rpartition("-")[2])
        parent.kill()
    assert alive([child])
    store = EmbeddedStore(data_dir, 64 * MIB, "disk")
    store.start()
    try:
        assert alive([child]) == []
        assert left(data_dir) == []
    finally:
        store.stop()


def test_a_file_whose_writer_is_gone_is_swept_while_the_store_runs(store, data_dir):
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    ours = os.getpid()
    (data_dir / f"temp-rewriteaof-bg-{gone.pid}.aof").touch()
    (data_dir / f"temp-rewriteaof-{ours}.aof").touch()
    store.keep()

    assert left(data_dir) == [f"temp-rewriteaof-{ours}.aof"]


def test_a_damaged_file_is_named_with_what_to_do(data_dir):
    store = EmbeddedStore(data_dir, 64 * MIB, "disk")
    store.start()
    with redis.Redis.from_url(store.url) as client:
        for number in range(100):
            client.set(f"key {number}", "x" * 100)
    store.stop()
    [file] = (data_dir / "appendonlydir").glob("*.incr.aof")
    whole = file.read_bytes()
    file.write_bytes(whole[:2_000] + b"\0" * 50 + whole[2_050:])
    with pytest.raises(StoreFailed, match=r"incr\.aof is damaged in the middle: .*move everything"):
        EmbeddedStore(data_dir, 64 * MIB, "disk").start()
    file.write_bytes(whole)
    [manifest] = (data_dir / "appendonlydir").glob("*.manifest")
    manifest.write_text("nonsense")
    with pytest.raises(StoreFailed, match="manifest"):
        EmbeddedStore(data_dir, 64 * MIB, "disk").start()


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


NAMES = ["lock", "root.keys", "store.sizes", "appendonlydir/appendonly.aof.1.incr.aof"]


def folder_with(data_dir, name):
    """Make a data folder with a file *name* in it; return the file's path."""
    (data_dir / "appendonlydir").mkdir(mode=0o700, parents=True)
    data_dir.chmod(0o700)
    path = data_dir / name
    if not path.exists():
        path.touch(mode=0o600)
    return path


@needs_root
@pytest.mark.parametrize("name", ["", "appendonlydir", *NAMES])
def test_files_of_another_user_are_refused(data_dir, name):
    path = folder_with(data_dir, name)
    os.chown(path, 65_534, 65_534)

    with pytest.raises(StoreFailed, match="belongs to another user"):
        EmbeddedStore(data_dir, 64 * MIB, "disk").lock()


@needs_root
@pytest.mark.parametrize("levels", [1, 2])
def test_a_folder_that_another_user_could_exchange_is_refused(tmp_path, levels):
    """Who owns a folder above may rename what is in it, and put something else there."""
    data_dir = tmp_path / "theirs" / "ours" / "data"
    parent = data_dir.parents[levels - 1]
    parent.mkdir(parents=True)
    os.chown(parent, 65_534, 65_534)

    with pytest.raises(StoreFailed, match=f"^{parent} belongs to another user"):
        EmbeddedStore(data_dir, 64 * MIB, "disk").lock()
    os.chown(parent, os.geteuid(), os.getegid())
    store = EmbeddedStore(data_dir, 64 * MIB, "disk")
    store.lock()
    store.stop()


@pytest.mark.parametrize("name", NAMES)
def test_a_link_in_a_files_place_is_refused_and_not_followed(data_dir, tmp_path, name):
    folder_with(data_dir, "lock").unlink()
    (data_dir / name).symlink_to(tmp_path / "elsewhere")

    with pytest.raises(StoreFailed, match="not a plain file"):
        EmbeddedStore(data_dir, 64 * MIB, "disk").lock()
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("appendonlydir", "file"),
        ("appendonlydir", "link"),
        ("store.sock", "file"),
        ("store.sock", "folder"),
    ],
)
def test_something_else_in_the_stores_place_is_refused(data_dir, tmp_path, name, kind):
    data_dir.mkdir(mode=0o700)
    path = data_dir / name
    if kind == "file":
        path.write_text("in the way")
    elif kind == "folder":
        path.mkdir(mode=0o700)
    else:
        (tmp_path / "elsewhere").mkdir()
        path.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(StoreFailed, match=f"{name} is not a "):
        EmbeddedStore(data_dir, 64 * MIB, "disk").start()
    assert path.exists()


@pytest.mark.parametrize("name", ["appendonlydir", *NAMES])
@pytest.mark.parametrize("mode", [0o070, 0o007])
def test_files_that_others_can_read_or_write_are_refused(data_dir, name, mode):
    path = folder_with(data_dir, name)
    path.chmod(0o700 | mode)

    with pytest.raises(StoreFailed, match=f"others can read or write {path}"):
        EmbeddedStore(data_dir, 64 * MIB, "disk").lock()


def test_keys_that_others_can_read_are_refused(data_dir):
    data_dir.mkdir(mode=0o700)
    root_keys_file(data_dir).chmod(0o644)

    with pytest.raises(StoreFailed, match="others can read"):
        root_keys_file(data_dir)


def test_a_planted_link_removes_nothing_of_others(data_dir, tmp_path):
    precious = tmp_path / "restante-precious"
    precious.mkdir()
    (precious / "store.sock").write_text("a file, no socket")
    (precious / "letters").write_text("kept")
    data_dir.mkdir(mode=0o700)
    (data_dir / "store.sock").symlink_to(precious / "store.sock")
    store = EmbeddedStore(data_dir, 64 * MIB, "disk")
    store.start()
    store.stop()

    assert sorted(path.name for path in precious.iterdir()) == ["letters", "store.sock"]
