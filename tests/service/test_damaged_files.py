"""The embedded store starts on damaged files: what a crash leaves is mended, a loss is refused."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
import redis
import structlog

from restante.service.data_folder import StoreFailed, root_keys_file
from restante.service.embedded_store import EmbeddedStore
from tests.service.test_run import message_at, post
from tests.support.processes import Service, alive, command_of, finished, status_of, wait_until

MIB = 1024 * 1024
ADVICE = "move everything except root.keys out of"
BEGUN = b"*3\r\n$3\r\nSET\r\n$4\r\nlate\r\n$100\r\nxxxx"
TRANSACTION = b"*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$4\r\nlate\r\n$1\r\nx\r\n"


def store_at(data_dir):
    return EmbeddedStore(data_dir, 64 * MIB, "disk")


def rewrite(client):
    client.bgrewriteaof()
    wait_until(lambda: not client.info("persistence")["aof_rewrite_in_progress"])


@pytest.fixture
def data_dir(tmp_path):
    """A folder with a store that was stopped: a base file, and a file with what came later."""
    data_dir = tmp_path / "data"
    store = store_at(data_dir)
    store.start()
    with redis.Redis.from_url(store.url) as client:
        client.mset({f"early:{number}": "x" * 100 for number in range(100)})
        rewrite(client)
        for number in range(100):
            client.set(f"late:{number}", "x" * 100)
    store.stop()
    return data_dir


def the(data_dir, kind):
    [found] = (data_dir / "appendonlydir").glob(f"*{kind}*")
    return found


def cut(file, size):
    os.truncate(file, size if size >= 0 else file.stat().st_size + size)


def keys_after_start(data_dir):
    """Start the store; return how many keys it has, and what was logged."""
    store = store_at(data_dir)
    with structlog.testing.capture_logs() as lines:
        store.start()
    try:
        with redis.Redis.from_url(store.url) as client:
            return client.dbsize(), lines
    finally:
        store.stop()


def refusal(data_dir):
    """Return why the store does not start, and what is on its disk is as before."""
    before = {path: path.read_bytes() for path in (data_dir / "appendonlydir").glob("*")}
    with pytest.raises(StoreFailed) as caught:
        store_at(data_dir).start()
    with pytest.raises(StoreFailed) as again:
        store_at(data_dir).start()

    assert {path: path.read_bytes() for path in (data_dir / "appendonlydir").glob("*")} == before
    assert str(again.value) == str(caught.value)
    return str(caught.value)


def flip_length(content, at):
    """Make the first long value after *at* claim to be longer than the file."""
    place = content.index(b"$100\r\n", at)
    return content[:place] + b"$999999999\r\n" + content[place + 6 :]


def keys_once_back(store):
    """Let the store be kept, and return how many keys it has; None while it is not back."""
    store.keep()
    try:
        with redis.Redis.from_url(store.url) as client:
            return client.dbsize()
    except redis.RedisError:
        return None


def test_a_healthy_store_starts_without_a_warning(data_dir):
    keys, lines = keys_after_start(data_dir)

    assert keys == 200
    assert lines == []


@pytest.mark.parametrize("kind", ["base", "incr"])
@pytest.mark.parametrize("size", [0, 4_000, -50])
def test_a_file_that_got_shorter_after_a_clean_stop_is_refused_and_named(data_dir, kind, size):
    file = the(data_dir, kind)
    whole = file.stat().st_size
    cut(file, size)
    said = refusal(data_dir)

    assert f"{file} has {file.stat().st_size} bytes and had {whole}" in said
    assert ADVICE in said


@pytest.mark.parametrize("kind", ["base", "incr", "manifest"])
def test_a_file_that_is_missing_is_refused_and_named(data_dir, kind):
    file = the(data_dir, kind)
    file.unlink()
    said = refusal(data_dir)

    assert f"{file} is missing" in said
    assert ADVICE in said


def test_a_folder_that_is_missing_is_refused_and_named(data_dir):
    shutil.rmtree(data_dir / "appendonlydir")

    assert "manifest is missing" in refusal(data_dir)


@pytest.mark.parametrize("written", ["", "nonsense", "file a seq 1 type b", "\0" * 100])
def test_a_list_that_cannot_be_read_is_refused_and_named(data_dir, written):
    the(data_dir, "manifest").write_text(written)

    assert f"{the(data_dir, 'manifest')} cannot be read" in refusal(data_dir)


@pytest.mark.parametrize("written", ["", "nonsense", "\0" * 100])
def test_sizes_that_cannot_be_read_are_refused_and_named(data_dir, written):
    (data_dir / "store.sizes").write_text(written)

    assert f"{data_dir / 'store.sizes'} cannot be read" in refusal(data_dir)


def test_an_older_list_is_refused(data_dir, tmp_path):
    shutil.copytree(data_dir / "appendonlydir", tmp_path / "older")
    store = store_at(data_dir)
    store.start()
    with redis.Redis.from_url(store.url) as client:
        client.delete("early:1")
        rewrite(client)
    store.stop()
    shutil.rmtree(data_dir / "appendonlydir")
    shutil.move(tmp_path / "older", data_dir / "appendonlydir")

    assert "is older than the store was" in refusal(data_dir)


def test_a_list_that_lost_its_last_file_is_refused(data_dir):
    manifest = the(data_dir, "manifest")
    manifest.write_text("".join(manifest.read_text().splitlines(keepends=True)[:1]))

    assert "is older than the store was" in refusal(data_dir)


@pytest.mark.parametrize("spoil", ["zeros", "length", "command"])
def test_damage_in_the_middle_is_refused_and_named_and_never_cut(data_dir, spoil):
    file = the(data_dir, "incr")
    content = file.read_bytes()
    half = len(content) // 2
    file.write_bytes(
        {
            "zeros": content[:half] + bytes(200) + content[half + 200 :],
            "length": flip_length(content, half),
            "command": content[:half] + content[half:].replace(b"\nSET\r", b"\nS\xe9T\r", 1),
        }[spoil]
    )
    said = refusal(data_dir)

    assert f"{file} is damaged in the middle" in said
    assert ADVICE in said


@pytest.mark.parametrize("sizes", ["known", "unknown"])
@pytest.mark.parametrize("spoil", ["value", "zeros", "end", "checksum", "more"])
def test_damage_anywhere_in_the_base_file_is_refused_and_named(data_dir, spoil, sizes):
    file = the(data_dir, "base")
    content = file.read_bytes()
    half = len(content) // 2
    at = content.index(b"x" * 50)
    flipped = content[:at] + b"y" + content[at + 1 :]
    file.write_bytes(
        {
            "value": flipped,
            "zeros": content[:half] + bytes(200) + content[half + 200 :],
            "end": content[:-200] + bytes(200),
            "checksum": flipped[:-8] + bytes(8),
            "more": content + b"xyz",
        }[spoil]
    )
    if sizes == "unknown":
        (data_dir / "store.sizes").unlink()
    said = refusal(data_dir)

    assert f"{file} is damaged" in said
    assert ADVICE in said


def test_a_base_file_of_commands_as_earlier_versions_wrote_it_is_read_and_replaced(data_dir):
    store = store_at(data_dir)
    store.start()
    with redis.Redis.from_url(store.url) as client:
        client.config_set("aof-use-rdb-preamble", "no")
        rewrite(client)
        client.delete("early:1")
    store.stop()
    earlier = the(data_dir, "base")
    store = store_at(data_dir)
    store.start()
    with redis.Redis.from_url(store.url) as client:
        size = client.dbsize()
        rewrite(client)
    store.stop()

    assert earlier.suffix == ".aof"
    assert size == 199
    assert the(data_dir, "base").suffix == ".rdb"
    assert keys_after_start(data_dir) == (199, [])


@pytest.mark.parametrize("torn", [BEGUN, TRANSACTION, bytes(5_000), BEGUN + bytes(5_000), b"*"])
def test_what_a_power_failure_tore_off_is_cut_and_told(data_dir, torn):
    file = the(data_dir, "incr")
    whole = file.stat().st_size
    with file.open("ab") as end:
        end.write(torn)
    keys, lines = keys_after_start(data_dir)

    assert keys == 200
    assert file.stat().st_size == whole
    [line] = lines
    assert line == {
        "event": "torn end of a store file cut",
        "log_level": "warning",
        "file": str(file),
        "at": whole,
        "bytes": len(torn),
    }


def test_a_torn_end_is_cut_when_the_keeper_restarts_the_store(data_dir):
    store = store_at(data_dir)
    store.start()
    file = the(data_dir, "incr")
    killed = store.pid
    os.kill(killed, signal.SIGKILL)
    with file.open("ab") as end:
        end.write(BEGUN)

    try:
        with structlog.testing.capture_logs() as lines:
            assert wait_until(lambda: keys_once_back(store)) == 200
    finally:
        store.stop()
    [line] = [line for line in lines if line["event"] == "torn end of a store file cut"]
    assert line["bytes"] == len(BEGUN)


def test_files_that_are_lost_under_a_running_store_are_told_and_no_empty_one_starts(data_dir):
    store = store_at(data_dir)
    store.start()
    killed = store.pid
    file = the(data_dir, "manifest")
    content = file.read_bytes()
    file.unlink()
    os.kill(killed, signal.SIGKILL)

    def told():
        store.keep()
        return [line for line in lines if line["event"] == "store files damaged"]

    try:
        with structlog.testing.capture_logs() as lines:
            wait_until(told)
        assert f"{file} is missing" in told()[0]["reason"]
        assert not file.exists()
        file.write_bytes(content)
        assert wait_until(lambda: keys_once_back(store)) == 200
    finally:
        store.stop()


def test_a_crash_after_the_last_note_is_no_loss(data_dir):
    """Sizes are noted at times; what came later may be there, and a rewrite may have come."""
    store = store_at(data_dir)
    store.start()
    noted = (data_dir / "store.sizes").read_text()
    with redis.Redis.from_url(store.url) as client:
        client.set("more", "x")
        rewrite(client)
        client.set("and more", "x")
    os.kill(store.pid, signal.SIGKILL)
    wait_until(lambda: not alive([store.pid]))
    store.stop()
    assert (data_dir / "store.sizes").read_text() == noted

    assert keys_after_start(data_dir) == (202, [])


def test_sizes_are_noted_while_the_store_runs_and_after_a_rewrite(data_dir):
    store = store_at(data_dir)
    store.start()
    try:
        with redis.Redis.from_url(store.url) as client:
            client.set("more", "x" * 1_000)

            def noted():
                store.keep()
                return (data_dir / "store.sizes").read_text()

            size = the(data_dir, "incr").stat().st_size
            wait_until(lambda: f"size {size}\n" in noted())
            rewrite(client)
            wait_until(lambda: "appendonly.aof.3.base.rdb " in noted())
    finally:
        store.stop()
    assert (data_dir / "store.sizes").stat().st_mode & 0o777 == 0o600


def test_a_store_without_noted_sizes_starts_and_says_what_it_cannot_know(data_dir):
    (data_dir / "store.sizes").unlink()
    keys, lines = keys_after_start(data_dir)

    assert keys == 200
    assert [line["event"] for line in lines] == ["sizes of the store files unknown"]
    assert keys_after_start(data_dir) == (200, [])


def test_files_that_no_list_names_are_removed(data_dir):
    """A store killed at the wrong moment leaves them, and no rewrite would ever reach them."""
    names = ["appendonly.aof.1.base.aof", "appendonly.aof.77.incr.aof", "appendonly.aof.9.base.rdb"]
    for name in names:
        file = data_dir / "appendonlydir" / name
        assert not file.exists()
        file.write_text("wrapped keys")
        file.chmod(0o600)
    (data_dir / "appendonlydir" / "notes.txt").write_text("somebody's")
    (data_dir / "appendonlydir" / "notes.txt").chmod(0o600)
    keys, lines = keys_after_start(data_dir)

    assert keys == 200
    assert [line["event"] for line in lines] == ["unlisted store files removed"]
    left = {path.name for path in (data_dir / "appendonlydir").iterdir()}
    assert len(left) == 4
    assert "notes.txt" in left
    assert not left & set(names)


def test_memory_asks_nothing_of_files_and_notes_none(data_dir):
    cut(the(data_dir, "incr"), 0)
    noted = (data_dir / "store.sizes").read_text()
    store = EmbeddedStore(data_dir, 64 * MIB, "memory")
    store.start()
    store.keep()
    store.stop()

    assert (data_dir / "store.sizes").read_text() == noted


def stores_on(folder):
    """Return the store servers whose files are in *folder*."""
    pids = (int(path.name) for path in Path("/proc").glob("[0-9]*"))
    return [p for p in pids if alive([p]) and f"--dir {folder} " in f"{command_of(p)} "]


def test_a_start_on_a_damaged_file_never_runs_a_second_store(data_dir, tmp_path):
    """However it is killed, also where sizes are unknown and the store itself finds the damage."""
    (data_dir / "store.sizes").unlink()
    shutil.move(data_dir / "appendonlydir", tmp_path / "moved")
    root_keys_file(data_dir)
    shutil.move(tmp_path / "moved", data_dir / "appendonlydir")
    cut(the(data_dir, "base"), -50)
    service = Service(tmp_path)
    with service.log_path.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "restante"], env=service.env, stdout=log, stderr=log
        )
    seen = set()
    try:

        def ended():
            seen.update(stores_on(data_dir))
            return process.poll() is not None

        wait_until(ended, 60)
    finally:
        process.kill()
        process.wait()

    assert process.returncode == os.EX_UNAVAILABLE
    assert len(seen) <= 1
    assert stores_on(data_dir) == []
    assert f"{the(data_dir, 'base')} is damaged" in service.log()


def test_a_recalled_link_never_opens_again_without_a_word(tmp_path):
    with Service(tmp_path) as service:
        sent = post(f"{service.url}/api/v1/messages", {"text": "regretted"})
        request = Request(
            f"{service.url}/api/v1/message/recall",
            b"{}",
            {
                "Authorization": f"Bearer {sent['control_token']}",
                "Content-Type": "application/json",
            },
        )
        with urlopen(request, timeout=10) as response:
            assert json.load(response)["verdicts"][0]["outcome"] == "recalled_unread"
        service.stop()
        file = the(service.data_dir, "incr")
        content = file.read_bytes()
        cut(file, content.rindex(b"*1\r\n$5\r\nMULTI"))
        again = finished(service.command, service.env)
        assert again.returncode == os.EX_UNAVAILABLE
        assert f"Restante cannot start: {file} has " in again.stderr
        file.write_bytes(content)
        service.start()
        assert status_of(f"{service.url}/readyz") == 200
        assert message_at(service, sent["control_token"])["links"][0]["state"] == "recalled"
        service.stop()
        shutil.move(service.data_dir, tmp_path / "moved")
        service.data_dir.mkdir(mode=0o700)
        shutil.copy(tmp_path / "moved" / "root.keys", service.data_dir)
        service.start()
        assert status_of(f"{service.url}/readyz") == 200
