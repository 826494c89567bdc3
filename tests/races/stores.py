"""The two kinds of store that a round runs on, each with the faults that can befall it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import suppress
from signal import SIGCONT, SIGSTOP
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.races.cluster import PATIENCE, PRIMARIES, Cluster, Node
from tests.support.processes import ROOT, own_environ, wait_until
from tests.support.proxy import Fate, Proxy

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from pathlib import Path

FSYNC_SECONDS = {"always": 0.0, "everysec": 1.0}
"""How much a power cut may take, by what the store was told; with `no` it is half a minute."""


def flags_of(tree: Path) -> dict[str, str]:
    """Return how the product in *tree* starts its own store."""
    ask = "import json; from restante.service.embedded_store import FLAGS; print(json.dumps(FLAGS))"
    done = subprocess.run(
        [sys.executable, "-c", ask],
        cwd=tree, env=own_environ({}), check=True, capture_output=True, text=True,
    )  # fmt: skip
    flags: dict[str, str] = json.loads(done.stdout)
    return flags


class OneStore:
    """One node with the flags of the embedded store, behind a proxy that loses replies."""

    def __init__(self, folder: Path, tree: Path = ROOT) -> None:
        flags = {
            name: value for name, value in flags_of(tree).items()
            if name not in {"port", "unixsocketperm", "logfile"}
        }  # fmt: skip
        self.node = Node(folder / "node", flags | {"appendonly": "yes"})
        self._fsync = flags["appendfsync"]
        self._proxy = Proxy(self.node.port)
        self._sizes: list[tuple[float, dict[Path, int]]] = []

    @property
    def env(self) -> dict[str, str]:
        port = urlsplit(self._proxy.url).port
        return {"RESTANTE_REDIS_URL": f"redis://127.0.0.1:{port}/0", "RESTANTE_DURABILITY": "disk"}

    def start(self) -> None:
        self.node.start()
        wait_until(self.node.answers, PATIENCE)
        self._proxy.__enter__()

    def stop(self) -> None:
        self.node.signal(SIGCONT)
        self.node.close()
        self._proxy.__exit__()

    def await_well(self) -> None:
        wait_until(self.node.answers, PATIENCE)

    def look(self) -> None:
        """Note how large the files are now: a power cut takes what came after."""
        files = {}
        for path in self._files():
            # A rewrite may have removed it since.
            with suppress(FileNotFoundError):
                files[path] = path.stat().st_size
        self._sizes = [*self._sizes[-4000:], (time.monotonic(), files)]

    def _files(self) -> list[Path]:
        return list((self.node.home / "appendonlydir").glob("*.aof"))

    def kill(self, chance: random.Random) -> None:
        self.node.kill()
        time.sleep(chance.choice([0.0, chance.random() * 0.7]))
        self.node.start()
        self.await_well()

    def cut_the_power(self, _chance: random.Random) -> None:
        """Kill it, and take what a power cut could: what was written, but need not be on disk.

        A killed process loses nothing that it wrote, since the system keeps it.
        """
        self.look()
        until = time.monotonic() - FSYNC_SECONDS.get(self._fsync, 30.0)
        self.node.kill()
        kept = next((files for at, files in reversed(self._sizes) if at <= until), {})
        files = self._files()
        if self._fsync != "always" and set(files) == set(kept):
            for path in files:
                with path.open("r+b") as file:
                    file.truncate(kept[path])
        self._sizes.clear()
        self.node.start()
        self.await_well()

    def freeze(self, chance: random.Random) -> None:
        self.node.signal(SIGSTOP)
        time.sleep(0.1 + chance.random() * 1.4)
        self.node.signal(SIGCONT)

    def lose_replies(self, chance: random.Random) -> None:
        """Do what is asked, and let nobody hear of it: connections end, or stay silent."""
        mark = chance.choice([b":link:", b":message:"])
        fate = chance.choice([Fate.CUT, Fate.CUT, Fate.KEPT])
        self._proxy.lose(mark, fate, chance.randint(1, 6))
        time.sleep(0.3)

    @property
    def faults(self) -> dict[str, Callable[[random.Random], None]]:
        return {
            "kill the store": self.kill,
            "freeze the store": self.freeze,
            "lose replies": self.lose_replies,
            "cut the power": self.cut_the_power,
        }


class ThreeAndThree:
    """A cluster of three primaries with a replica each, and what can go wrong in it."""

    def __init__(self, folder: Path, _tree: Path = ROOT) -> None:
        self.cluster = Cluster(folder)

    @property
    def env(self) -> dict[str, str]:
        return {"RESTANTE_REDIS_URL": self.cluster.url, "RESTANTE_DURABILITY": "replicas:all"}

    def start(self) -> None:
        self.cluster.start()

    def stop(self) -> None:
        self.cluster.stop()

    def await_well(self) -> None:
        self.cluster.await_well()

    def look(self) -> None:
        """Take no notice: what is lost here is lost with a node."""

    def _shard(self, chance: random.Random) -> tuple[int, Node]:
        shard = chance.randrange(PRIMARIES)
        return shard, self.cluster.primary(shard)

    def _replace(self, shard: int, primary: Node, alone: float = 0.0) -> None:
        """Kill a primary; it comes back when its heir has been alone for so many seconds."""
        primary.kill()
        self.cluster.await_heir(shard, primary)
        time.sleep(alone)
        primary.start()
        self.await_well()

    def kill_primary(self, chance: random.Random) -> None:
        """Kill a primary; its replica takes over, and it comes back as the replica."""
        self._replace(*self._shard(chance))

    def restart_primary(self, chance: random.Random) -> None:
        _, primary = self._shard(chance)
        primary.kill()
        primary.start()
        self.await_well()

    def kill_replica(self, chance: random.Random) -> None:
        _, primary = self._shard(chance)
        replica = chance.choice(self.cluster.replicas(primary))
        replica.kill()
        time.sleep(chance.random())
        replica.start()
        self.await_well()

    def freeze(self, chance: random.Random) -> None:
        """Freeze a node for less or for more than others wait for it."""
        _, primary = self._shard(chance)
        node = chance.choice([primary, *self.cluster.replicas(primary)])
        seconds = chance.choice([0.2 + chance.random() * 0.6, 2.5])
        node.signal(SIGSTOP)
        time.sleep(seconds)
        node.signal(SIGCONT)
        self.await_well()

    def fail_over(self, chance: random.Random) -> None:
        """Let a replica take over in good order."""
        shard, primary = self._shard(chance)
        replica = chance.choice(self.cluster.replicas(primary))
        replica.ask("CLUSTER", "FAILOVER")
        self.cluster.await_heir(shard, primary)
        self.await_well()

    def _part(self, primary: Node, verb: str, seconds: float) -> None:
        self.cluster.tell_gate(verb, primary)
        time.sleep(seconds)

    def cut(self, chance: random.Random) -> None:
        """Close the way of replicas to their primary, or let it stand still; and heal it."""
        _, primary = self._shard(chance)
        self._part(primary, chance.choice(["cut", "stall"]), 0.3 + chance.random())
        self.cluster.tell_gate("heal", primary)
        self.await_well()

    def cut_and_kill(self, chance: random.Random) -> None:
        """Cut off the replicas of a primary, and kill it: whatever they lack is lost."""
        self._part_and_kill(*self._shard(chance), "cut")

    def stall_and_kill(self, chance: random.Random) -> None:
        """The same, while it believes that they are connected."""
        self._part_and_kill(*self._shard(chance), "stall")

    def _part_and_kill(self, shard: int, primary: Node, verb: str) -> None:
        self._part(primary, verb, 1.5)
        primary.kill()
        # What stands in the gate comes no more.
        self.cluster.tell_gate("cut", primary)
        self.cluster.tell_gate("heal", primary)
        self._replace(shard, primary)

    def fail_over_cut_and_kill(self, chance: random.Random) -> None:
        """The same of one that was a replica before."""
        shard, primary = self._shard(chance)
        self._replace(shard, primary, alone=1.0)
        heir = self.cluster.primary(shard)
        time.sleep(0.5)
        self._part_and_kill(shard, heir, "cut")

    def join_and_forget(self, chance: random.Random) -> None:
        """Let one more replica join, cut it off for a while, end it, and have it forgotten."""
        shard = chance.randrange(PRIMARIES)
        node = self.cluster.join(shard)
        self.await_well()
        time.sleep(chance.random())
        if chance.random() < 0.5:
            self._part(self.cluster.primary(shard), "cut", 1.0)
            self.cluster.tell_gate("heal", self.cluster.primary(shard))
        self.cluster.forget(node)
        self.await_well()

    @property
    def faults(self) -> dict[str, Callable[[random.Random], None]]:
        return {
            "kill a primary": self.kill_primary,
            "restart a primary": self.restart_primary,
            "kill a replica": self.kill_replica,
            "freeze a node": self.freeze,
            "fail over": self.fail_over,
            "cut replication": self.cut,
            "cut replication, kill the primary": self.cut_and_kill,
            "stall replication, kill the primary": self.stall_and_kill,
            "fail over, cut replication, kill the heir": self.fail_over_cut_and_kill,
            "join and forget a replica": self.join_and_forget,
        }
