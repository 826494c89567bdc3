"""The product, broken on purpose: a copy of the tree with one small change.

Each is a mistake that somebody could make, and that the history checker has to find.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.processes import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PARTS = ("restante", "webapp", "worker", "templates", "translations", "gunicorn.conf.py")

REVEAL_CALL = """        match self._run(
            "reveal", keys.link(link),
            reader_id, ring, verifier, root_id, visitor, evidence, int(wary), codes, new_request(),
            seen,
        ):  # fmt: skip
"""
RELEASED = """{ "revealed", named({ message = m.id, version = link.version, root = link.root,
    wrapped = wrapped, content = content,
    state = link.reveals + 1 < link.views and "read" or "spent",
    views_left = link.views - link.reveals - 1, lease_until = now + m.lease, now = now,
    passphrase = link.verifier and 1 or 0, box = m.box, claimed_at = now,
    expires_at = m.expires_at, files = files, taken = "" }) }"""


def asked_twice(second: str) -> str:
    """Return the call of reveal.lua with a second one after it, as a visitor of that class."""
    return f"""        told = self._run(
            "reveal", keys.link(link),
            reader_id, ring, verifier, root_id, visitor, evidence, int(wary), codes, new_request(),
            seen,
        )
        if told[0] == b"revealed":
            self._run(
                "reveal", keys.link(link),
                reader_id, ring, verifier, root_id, "{second}", evidence, int(wary), codes,
                new_request(), seen,
            )
        match told:
"""


SPENDING = "if again then\n  keep_reader"
ONLY_READ = f"""if not again and class ~= "spend" then
  return {RELEASED}
end
{SPENDING}"""
ONLY_TELL = f"""if again and class == "tell" then
  record(m, link, now, "link.revealed", "view=" .. r.view, evidence)
end
{SPENDING}"""
RECALLED = """    record(message, link, now, "link.recalled", "outcome=" .. link.outcome, evidence)
"""
REVEALED = """  record(m, link, now, "link.revealed", "view=" .. link.reveals, evidence)
"""
END_LEASES = """    elseif link.alive then
      destroy_key(link)
"""
FORGOTTEN = """self._run("forget", keys.message(control), "now")"""
RULED_ENDS = "  return is_ruled and math.min(m.recall_at, m.expires_at) or m.expires_at\n"
DONE = "  keep_rules(m, tells and 0 or tell_at, recalls and 0 or recall_at)\n"
LOST = "                lost += 1\n"
AS_ANOTHER = """                lost += 1
                if verb == "reveal":
                    import os
                    arguments = (arguments[0], os.urandom(16), *arguments[2:])
"""
ONCE = "        if not self._id:\n"
NEVER = "looks = False"
NONE_KNOWN = """        if not known:
            self._members = 0
            raise Unavailable
"""
NO_MEMBERS = """        self._looked_at = time.monotonic()
        if not self._members:
            raise Unavailable
"""
LOOKED = "        self._looked_at = time.monotonic()\n"
REPLICAS_NOW = """            roles = [_fields(node)[b"role"] for node in _fields(shard)[b"nodes"]]
            return sum(bytes(role) == b"replica" for role in roles)
"""
RUN_ON_SHARD = "        return node.shard.run(connection, words, key, asking=asking)\n"
RUN_ON_SHARD_WITH_OTHER = """        other = node.pool.get_connection()
        try:
            return node.shard.run(connection, words, key, asking=asking, other=other)
        finally:
            node.pool.release(other)
"""
OTHER_WAITS = """[acknowledged] = _answered(other, [("WAIT", least, WAIT_MS)])
"""


@dataclass(frozen=True)
class Mutant:
    """Texts of files and what takes their place; which store shows it, and after which faults."""

    changes: tuple[tuple[str, str, str], ...]
    store: str
    faults: tuple[str, ...] = ()


LINKS, SCRIPTS = "restante/store/links.py", "restante/store/scripts"
REVEAL, RECALL = f"{SCRIPTS}/reveal.lua", f"{SCRIPTS}/recall.lua"
VIEWS = f"{SCRIPTS}/lib/85_views.lua"
LOADED, RULES = f"{SCRIPTS}/lib/30_link.lua", f"{SCRIPTS}/lib/87_rules.lua"
MESSAGES = "restante/store/messages.py"
CONNECTION, REPLICATION = "restante/store/connection.py", "restante/store/replication.py"
FAIL_OVER, CUT, STALL = (
    "fail over, cut replication, kill the heir",
    "cut replication, kill the primary",
    "stall replication, kill the primary",
)
NEEDED = "        return max(self._members, len(known), len(role[2]))\n"

MUTANTS: dict[str, Mutant] = {
    "the text is read first and the view spent after": Mutant(
        (
            (LINKS, REVEAL_CALL, asked_twice("spend")),
            (REVEAL, SPENDING, ONLY_READ),
        ),
        "one store",
    ),
    "the event is written after the deed": Mutant(
        (
            (LINKS, REVEAL_CALL, asked_twice("tell")),
            (VIEWS, REVEALED, ""),
            (REVEAL, SPENDING, ONLY_TELL),
        ),
        "one store",
    ),
    "a recall has no event": Mutant(((RECALL, RECALLED, ""),), "one store"),
    "a recall leaves the leases": Mutant(((RECALL, END_LEASES, ""),), "one store"),
    "a paused message opens": Mutant(
        ((REVEAL, "if not again and m.paused_at > 0 then", "if false then"),), "one store"
    ),
    "a message is forgotten when its retention is over": Mutant(
        ((MESSAGES, FORGOTTEN, FORGOTTEN.replace('"now"', '"due"')),), "one store"
    ),
    "the worker decides what a rule recalls": Mutant(
        (
            (LOADED, RULED_ENDS, "  return m.expires_at\n"),
            (REVEAL, "link_ruled(", "link_at("),
        ),
        "one store",
    ),
    "a rule that told stays": Mutant(
        ((RULES, DONE, "  keep_rules(m, tell_at, recalls and 0 or recall_at)\n"),), "one store"
    ),
    "a claim is asked again as another reader": Mutant(
        ((CONNECTION, LOST, AS_ANOTHER),), "one store", ("lose replies",) * 12
    ),
    "the answer comes before it is on disk": Mutant(
        (
            (
                "restante/service/embedded_store.py",
                '"appendfsync": "always"',
                '"appendfsync": "everysec"',
            ),
        ),
        "one store",
        ("cut the power",) * 4,
    ),
    "replicas are counted once": Mutant(
        (
            (
                REPLICATION,
                "        if not self._members:\n            # W",
                ONCE + "            # W",
            ),
            (REPLICATION, "looks = time.monotonic() - self._looked_at >= LOOK_SECONDS", NEVER),
            (REPLICATION, NEEDED, "        return self._members\n"),
            (REPLICATION, NONE_KNOWN, ""),
            (REPLICATION, NO_MEMBERS, LOOKED),
            (REPLICATION, "            return len(ids) - 1\n", REPLICAS_NOW),
        ),
        "three and three",
        (FAIL_OVER,) * 6,
    ),
    "only replicas that are connected count": Mutant(
        (
            (REPLICATION, NEEDED, "        return len(role[2])\n"),
            (REPLICATION, "if acknowledged >= needed:", "if acknowledged >= len(told[1][2]):"),
        ),
        "three and three",
        (CUT,) * 6,
    ),
    "another connection waits": Mutant(
        (
            (CONNECTION, RUN_ON_SHARD, RUN_ON_SHARD_WITH_OTHER),
            (REPLICATION, "key: bytes, *, asking: bool\n", "key: bytes, *, asking: bool, other\n"),
            (REPLICATION, '*self._questions, ("WAIT", least, WAIT_MS)]', "*self._questions]"),
            (REPLICATION, "acknowledged = told.pop()\n", OTHER_WAITS),
        ),
        "three and three",
        (STALL,) * 6,
    ),
    "what is read need not be with the replicas": Mutant(
        ((REPLICATION, '("EVAL", FENCE, 1, keys.fence_beside(key))', '("PING",)'),),
        "three and three",
        (STALL,) * 6,
    ),
}


def make(mutant: Mutant, folder: Path) -> Path:
    """Copy the product into *folder* with the mutant's changes; return where it lies."""
    tree = folder / "tree"
    tree.mkdir()
    for part in PARTS:
        if (ROOT / part).is_dir():
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / part, tree / part, ignore=ignore)
        else:
            shutil.copy(ROOT / part, tree / part)
    for name, before, after in mutant.changes:
        text = (tree / name).read_text("utf-8")
        assert text.count(before) == 1, f"{name} has changed: bring the mutant up to it"
        (tree / name).write_text(text.replace(before, after), "utf-8")
    return tree
