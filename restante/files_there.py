"""Whether the blobs of a message are there: asked before a view of it is spent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from restante.blobs import Name
from restante.crypto.files import file_size
from restante.errors import Damaged, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from restante.blobs import Blobs


class FilesThere:
    """Looks at the place of blobs.  Messages without files never wait for it."""

    def __init__(self, blobs: Blobs | None, offload: Callable[..., Any]) -> None:
        """*offload* runs what waits for a disk where it does not block other requests."""
        self._blobs = blobs
        self._offload = offload

    def check(self, shard: int, blob_ids: Sequence[bytes]) -> None:
        """Check that all these blobs are there, each as long as a blob can be.

        Raises:
            Unavailable: One is missing or cut, or the place does not work.
        """
        if self._blobs is None:
            raise Unavailable
        try:
            self._offload(_look, self._blobs, [Name(shard, blob_id) for blob_id in blob_ids])
        except (OSError, Damaged):
            raise Unavailable from None


def _look(blobs: Blobs, names: Sequence[Name]) -> None:
    for name in names:
        file_size(blobs.size(name))
