"""What is counted, and how the files of several processes become one number."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis
from prometheus_client.parser import text_string_to_metric_families

from restante import wiring
from restante.channels.failures import Failure
from restante.errors import Gone, PassphraseWrong, Unavailable
from restante.messages import Draft
from restante.metrics import shared_folder
from restante.metrics.meters import DEEDS, LIMITS, VISITORS, Meters
from restante.metrics.multiprocess import AllProcesses
from restante.rules import Rules
from restante.settings import Settings
from restante.store.connection import ANSWERED, Connection
from restante.store.keys import TAGS
from restante.store.script_files import script
from restante.store.stats import Numbers
from tests.conftest import Clock, read, reader_key
from tests.support.processes import ROOT
from tests.support.proxy import Proxy
from webapp.http import rate_limits


def values(shown: bytes) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    """Return every sample by its name and labels."""
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in text_string_to_metric_families(shown.decode()):
        for sample in family.samples:
            labels = tuple(sorted(sample.labels.items()))
            found.setdefault(sample.name, {})[labels] = sample.value
    return found


@pytest.fixture
def meters():
    return Meters()


@pytest.fixture
def counting_house(store, ring, clock, meters):
    """A house that counts, by a clock that the test turns."""
    connection = Connection(wiring.connect(store.url), observe=meters.asked)
    yield wiring.assemble(Settings(), ring, connection, now=clock.now)
    for pool in connection.pools:
        pool.disconnect()


def deeds(meters: Meters) -> dict[str, int]:
    counted = values(meters.show()[0])["restante_deeds_total"]
    return {labels[0][1]: int(value) for labels, value in counted.items() if value}


def test_every_deed_is_counted_once(counting_house, meters, clock):
    house = counting_house
    sent = house.sending.send(Draft("x", recipients=("Ana", "Bob", "Cy"), passphrase="correct"))
    ana, bob, cy = (link.token for link in sent.links)
    house.managing.extend(sent.control, 7_200)
    for _ in range(2):
        house.managing.pause(sent.control)
    for _ in range(2):
        house.managing.resume(sent.control)
    for _ in range(2):
        house.managing.set_rules(sent.control, Rules(tell_after=3_600))
    house.sending.replace(sent.control, "y", passphrase="correct")
    with pytest.raises(PassphraseWrong):
        read(house, ana, 1, "wrong")
    for _ in range(3):
        assert read(house, ana, 1, "correct") == "y"
    for _ in range(2):
        house.answering.extend_lease(ana, reader_key(1))
        house.answering.confirm(ana, reader_key(1))
        house.answering.dispute(ana, [reader_key(2)])
        house.answering.decline(cy, [reader_key(3)])
    for keep in (True, False, False):
        house.answering.acknowledge(ana, reader_key(1), keep=keep)
    for _ in range(Settings().passphrase_tries - 1):
        with pytest.raises(PassphraseWrong):
            read(house, bob, 1, "wrong")
    with pytest.raises(Gone):
        read(house, bob, 1, "wrong")
    for _ in range(2):
        house.managing.recall(sent.control, [cy.link_id])
    house.sending.replace(sent.control, "z", passphrase="correct")  # nobody's text is left

    assert deeds(meters) == {
        "sent": 1,
        "extended": 1,
        "paused": 1,
        "resumed": 1,
        "rules_changed": 1,
        "replaced": 1,
        "passphrase_wrong": 1 + 9,
        "revealed": 1,
        "reread": 2,
        "acknowledged": 1,
        "prolonged": 1,
        "confirmed": 1,
        "disputed": 1,
        "declined": 1,
        "locked": 1,
        "recalled": 1,
    }


def test_what_time_does_is_counted(counting_house, meters, clock):
    house = counting_house
    spent = house.sending.send(Draft("x"))
    house.sending.send(Draft("x", expires_in_seconds=60))
    house.timekeeping.catch_up()
    before = deeds(meters)
    read(house, spent.links[0].token)
    clock.forward(121_000)
    house.timekeeping.catch_up()
    clock.forward(31 * 86_400_000)
    house.timekeeping.catch_up()
    made = {kind: count - before.get(kind, 0) for kind, count in deeds(meters).items()}

    # The store is shared: others' messages end by this clock too.
    assert made["lease_ended"] >= 1
    assert made["expired"] >= 1
    assert made["forgotten"] >= 2


def test_words_of_replies_that_are_no_deeds_never_become_labels(meters):
    meters.asked("due", b"expire:0123456789abcdef", ANSWERED, 0.001)
    meters.asked("take", [b"0123456789abcdef"], ANSWERED, 0.001)
    meters.asked("preview", b"preview", ANSWERED, 0.001)

    assert deeds(meters) == {}
    assert b"0123456789abcdef" not in meters.show()[0]


def test_every_word_that_is_a_deed_is_one_that_a_script_replies():
    for verb, word in DEEDS:
        assert f'"{word.decode()}"'.encode() in script(verb).source


def test_counters_begin_at_zero(meters):
    shown = values(meters.show()[0])

    assert set(shown["restante_deeds_total"].values()) == {0}
    assert len(shown["restante_deeds_total"]) == len(DEEDS)
    assert len(shown["restante_looks_total"]) == len(VISITORS)
    assert len(shown["restante_rate_limited_total"]) == len(LIMITS)


def test_every_limit_has_its_number():
    limited = {
        name
        for name in vars(rate_limits)
        if type(getattr(rate_limits, name)).__name__ == "RouteLimit"
    }

    assert limited <= set(LIMITS)


def test_a_store_that_hangs_is_counted_by_the_class_of_the_error(store, ring, meters, tmp_path):
    with Proxy(Path(store.url.removeprefix("unix://")), tmp_path / "sock") as proxy:
        connection = Connection(wiring.connect(proxy.url), observe=meters.asked)
        house = wiring.assemble(Settings(), ring, connection)
        proxy.lose(script("send").sha.encode())
        house.sending.send(Draft("x"))
        for pool in connection.pools:
            pool.disconnect()
    trips = values(meters.show()[0])["restante_store_round_trips_total"]

    assert trips.pop((("outcome", ANSWERED), ("verb", "send"))) == 1
    (lost,) = trips
    assert dict(lost)["verb"] == "send"
    assert dict(lost)["outcome"].endswith("Error")
    assert deeds(meters) == {"sent": 1}


COUNTING = """
import sys
from restante.metrics.meters import Meters

meters = Meters()
for _ in range(10):
    meters.refused("send")
    meters.answered("viewer.reveal", "POST", 200, 0.1)
print("counted", flush=True)
sys.stdin.read()
"""


def counting(folder: Path) -> subprocess.Popen[str]:
    """Start a process that counts ten of two kinds and then waits."""
    return subprocess.Popen(
        [sys.executable, "-c", COUNTING],
        cwd=ROOT,
        env=os.environ | {shared_folder.VARIABLE: str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def totals(folder: Path) -> dict[str, float]:
    """Return what all processes counted, without what none did."""
    return {
        sample.name: sample.value
        for metric in AllProcesses(folder).collect()
        for sample in metric.samples
        if sample.value and sample.name.endswith(("_total", "_count"))
    }


def counted(times: int) -> dict[str, float]:
    names = ("rate_limited_total", "requests_total", "request_seconds_count")
    return {f"restante_{name}": times for name in names}


def test_processes_that_were_killed_stay_in_the_sums_and_their_files_are_taken_up(tmp_path):
    for round_ in range(1, 4):
        with counting(tmp_path) as one, counting(tmp_path) as other:
            for process in (one, other):
                assert process.stdout.readline() == "counted\n"
            assert totals(tmp_path) == counted(20 * round_)
            for process in (one, other):
                process.kill()

        assert totals(tmp_path) == counted(20 * round_)
        assert len(list(tmp_path.glob("*.db"))) == 2 * 2


def test_a_process_that_ended_before_it_counted_hinders_nobody(tmp_path):
    (tmp_path / "counter_0.db").touch()
    (tmp_path / "histogram_0.db").touch()
    (tmp_path / "counter_1.db").write_bytes(bytes(512 * 1024))
    assert totals(tmp_path) == {}

    with counting(tmp_path) as one:
        assert one.stdout.readline() == "counted\n"
        assert totals(tmp_path) == counted(10)
        one.kill()


FILLED_UP = """
import os, sys
from pathlib import Path
from restante.metrics.meters import Meters

room = Path(sys.argv[1])
meters = Meters()
with (room / "filling").open("wb", buffering=0) as filling:
    try:
        while True:
            filling.write(b"x" * 4096)
    except OSError:
        pass
for number in range(100):
    meters.answered(f"endpoint.{number}", "GET", 200, 0.1)
print("lives", flush=True)  # the child would print it again
try:
    if os.fork() == 0:
        Meters()
except OSError as error:
    print(error.strerror, flush=True)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a memory of its own")
def test_a_process_that_counts_survives_that_the_memory_for_files_is_full(tmp_path):
    counts = tmp_path / "counts"
    counts.mkdir()
    script = f'mount -t tmpfs -o size=2m none {counts} && exec {sys.executable} -c "$1" {counts}'
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, "sh", FILLED_UP],
        cwd=ROOT,
        env=os.environ | {shared_folder.VARIABLE: str(counts)},
        capture_output=True,
        text=True,
        check=False,
    )
    if "unshare" in done.stderr or "mount" in done.stderr:
        pytest.skip("no mounts here")

    assert done.stdout.splitlines() == ["lives", "No space left on device"], done


def test_where_memory_is_short_the_folder_lies_on_disk(monkeypatch):
    monkeypatch.setattr(shared_folder, "LEAST_FREE_BYTES", 2**62)
    folder = Path(shared_folder.new_folder())
    shared_folder.remove(str(folder))

    assert shared_folder.MEMORY not in folder.parents


def test_an_invalid_accept_header_gets_the_default_format(meters):
    shown, content_type = meters.show("application/openmetrics-text; version=abc")

    assert content_type.startswith("text/plain")
    assert b"restante_deeds_total" in shown


def test_the_folder_is_ours_alone_and_only_its_maker_removes_it():
    folder = Path(shared_folder.new_folder())
    try:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        code = f"from restante.metrics import shared_folder; shared_folder.remove({str(folder)!r})"
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
        assert folder.is_dir()
    finally:
        shared_folder.remove(str(folder))

    assert not folder.exists()


def test_the_supervisor_imports_neither_the_metrics_nor_the_stores_client():
    code = "import sys, restante.__main__, restante.service.supervisor; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)

    assert not {"prometheus_client", "redis"} & set(loaded.stdout.decode().split())


def test_what_waits_in_the_store_is_told_once_for_each(own_store):
    store = own_store()
    connection = Connection(wiring.connect(store.url))
    now = int(time.time() * 1000)
    with redis.Redis.from_url(store.url) as client:
        for place, tag in enumerate(TAGS):
            client.zadd(f"{{{tag}}}:due", {"expire:a": now - 61_000, "end:b": now + 5_000})
            client.zadd(
                f"{{{tag}}}:outbox",
                {"a:webhook": now - 61_000, "b:webhook": now - 500, "c:webhook": now + 60_000},
            )
            client.zadd(f"{{{tag}}}:dead", {"a:webhook": now} if place < 3 else {"b:webhook": 1})
    waiting, (memory,) = Numbers(connection).read()

    assert (waiting.deadlines_late, waiting.dead) == (16, 16)
    assert waiting.channels["webhook"][:4] == (16, 16, 16, 16)
    assert waiting.channels["code"] == waiting.channels["email"] == (0, 0, 0, 0, 0)
    assert (waiting.ahead, waiting.due, waiting.late) == (16, 16, 16)
    assert memory.shard == 0
    assert 0 < memory.used < memory.limit == 64 * 1024 * 1024
    for pool in connection.pools:
        pool.disconnect()


def test_the_numbers_are_one_round_trip(store, tmp_path):
    with Proxy(Path(store.url.removeprefix("unix://")), tmp_path / "sock") as proxy:
        connection = Connection(wiring.connect(proxy.url))
        Numbers(connection).read()
        loss = proxy.lose(b"-- numbers: ")
        with pytest.raises(Unavailable):
            Numbers(connection).read()
        for pool in connection.pools:
            pool.disconnect()

    assert loss.happened.is_set()


def test_a_store_that_is_away_is_shown_as_down_and_the_rest_goes_on(own_store, meters):
    store = own_store()
    connection = Connection(wiring.connect(store.url))
    meters.watch(Numbers(connection))
    up = values(meters.show()[0])
    store.stop()
    down = values(meters.show()[0])

    assert up["restante_store_up"] == {(): 1}
    assert down["restante_store_up"] == {(): 0}
    assert set(up) - set(down) == {
        "restante_blobs_to_delete",
        "restante_blobs_to_delete_oldest_seconds",
        "restante_uploads_open",
        "restante_deadlines_overdue",
        "restante_channel_deliveries",
        "restante_channel_oldest_seconds",
        "restante_deliveries",
        "restante_store_memory_bytes",
        "restante_store_rewrite_failed",
        "restante_store_snapshots",
        "restante_store_memory_limit_bytes",
    }


def test_each_channel_has_its_own_numbers_and_the_age_of_its_oldest(own_store, ring):
    connection = Connection(wiring.connect(own_store(durability="memory").url))
    clock = Clock()
    house = wiring.assemble(Settings(), ring, connection, now=clock.now)
    clock.forward(-600_000)
    sent = house.sending.send(Draft("x", webhook="https://hooks.example/x", views=2))
    read(house, sent.links[0].token)
    waiting, _ = Numbers(connection).read()
    [delivery] = house.delivering.take(sent.control.shard, 10, "webhook")
    house.delivering.settle(delivery, 0, Failure("410", final=True))
    given_up, _ = Numbers(connection).read()
    for pool in connection.pools:
        pool.disconnect()

    assert set(waiting.channels) == {"webhook", "code", "email", "push"}
    assert waiting.channels["webhook"][:4] == (0, 0, 1, 0)
    assert 599_000 < waiting.channels["webhook"].oldest < 700_000
    assert waiting.channels["email"] == (0, 0, 0, 0, 0)
    assert (given_up.dead, given_up.channels["webhook"].dead) == (1, 1)
    assert given_up.channels["webhook"].oldest == 0
