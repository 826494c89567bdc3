"""Deadlines in the store: lists what is due in a shard, and runs the scripts for it."""

from __future__ import annotations

from restante.store import keys
from restante.store.verbs import Verbs


class Deadlines(Verbs):
    """The worker's verbs for deadlines.  Idempotent, also if two workers run them at once."""

    def due(self, shard: int, most: int) -> list[tuple[str, bytes]]:
        """Return what is due, earliest first, as (kind, id): `expire`, `end`, `rule`, `forget`."""
        members = self._run("due", keys.due(shard), most)
        split = (member.partition(b":") for member in members)
        return [(kind.decode(), record_id) for kind, _, record_id in split]

    def expire(self, shard: int, link_id: bytes) -> bool:
        """End a link whose time is over; tell whether this call ended it."""
        return self._run("expire", keys.link_of(shard, link_id), b"") == [b"expired"]

    def end_leases(self, shard: int, link_id: bytes) -> bool:
        """Destroy a spent link's wrapped key if its last lease is over; tell whether it did."""
        return self._run("end_leases", keys.link_of(shard, link_id)) == [b"ended"]

    def run_rules(self, shard: int, message_id: bytes) -> bool:
        """Carry out a message's rules whose time is over; tell whether this call did."""
        return self._run("run_rules", keys.message_of(shard, message_id)) == [b"ruled"]

    def forget(self, shard: int, message_id: bytes) -> bool:
        """Delete what is left of a message after its retention; tell whether this call did."""
        word, *_ = self._run("forget", keys.message_of(shard, message_id), "due")
        return bool(word == b"forgotten")
