"""Deletes blobs whose time is over, and files in their place that nothing in the store knows."""

from __future__ import annotations

from itertools import groupby, islice
from typing import TYPE_CHECKING

from restante.blobs import Name, right_place
from restante.crypto.tokens import SHARDS

if TYPE_CHECKING:
    from restante.blobs import Blobs
    from restante.store.uploads import Uploads

ORPHAN_SECONDS = 86_400
"""A file of this age that the store does not know has no owner."""
AGAIN_MS = 60_000
"""Until a blob that could not be deleted is tried again."""
BATCH = 100


class Sweeping:
    """The worker's verbs on blobs.  Several may run at once; each may be killed at any point.

    All raise `Unavailable` if the store does not answer; the next turn does the rest.
    """

    def __init__(self, uploads: Uploads, blobs: Blobs | None, *, forgets: bool) -> None:
        """*forgets*: the store loses all with a restart."""
        self._uploads = uploads
        self._blobs = blobs
        self._forgets = forgets

    def turn(self) -> int:
        """Delete blobs that are due, some of each shard; return how many this call deleted.

        Raises:
            OSError: The place does not work, or is not this store's.
        """
        return sum(self._meet(shard) for shard in range(SHARDS)) if self._blobs else 0

    def _meet(self, shard: int) -> int:
        due = self._uploads.due(shard, BATCH)
        return sum(self._delete(shard, blob_id) for blob_id in due)

    def _delete(self, shard: int, blob_id: bytes) -> bool:
        if not self._uploads.has_to_go(shard, blob_id):
            return False
        try:
            self._place().delete(Name(shard, blob_id))
        except OSError:
            self._uploads.postpone(shard, blob_id, AGAIN_MS)
            raise
        self._uploads.end_promise(blob_id)
        self._uploads.gone(shard, blob_id)
        return True

    def sweep(self) -> int:
        """Delete what is older than a day and unknown to the store; return how many it were.

        Raises:
            OSError: The place does not work, or is not this store's.
        """
        if self._blobs is None:
            return 0
        blobs, swept = self._place(), 0
        for shard, names in groupby(blobs.older(ORPHAN_SECONDS), lambda its: its.shard):
            while some := [its.blob_id for its in islice(names, BATCH)]:
                for blob_id in self._uploads.unowned(shard, some):
                    blobs.delete(Name(shard, blob_id))
                    swept += 1
        return swept

    def _place(self) -> Blobs:
        """Return the place; FileNotFoundError if it is not this store's."""
        if self._blobs is None or not right_place.is_right(
            self._blobs, self._uploads, forgets=self._forgets
        ):
            raise FileNotFoundError
        return self._blobs
