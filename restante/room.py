"""How much room is left for files.  Uploads under way are promised theirs, so that all can end."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from restante.errors import Full, RestanteError

if TYPE_CHECKING:
    from collections.abc import Callable

    from restante.blobs import Blobs, Used
    from restante.settings import Settings
    from restante.store.uploads import Uploads

LOOK_SECONDS = 20.0
"""How old the sums of all blobs may be: they are found by a look at each."""
SETTLE_MS = 30_000
"""A promise is kept so long after its file is complete: until every process has looked again."""
PROMISE_MS = 3 * 86_400_000
"""As long as an upload may take."""
FIRST_MS = 600_000
"""How long an upload that has brought nothing keeps its promise: a crash can leave one."""
UPLOADS_MOST = 10_000
"""Uploads under way, of all visitors together."""


class Room:
    """Promises room to uploads, out of what settings and disk leave."""

    def __init__(
        self, uploads: Uploads, blobs: Blobs, settings: Settings, offload: Callable[..., Any]
    ) -> None:
        """*offload* runs what waits for a disk where it does not block other requests."""
        self._uploads = uploads
        self._blobs = blobs
        self._settings = settings
        self._offload = offload
        self._seen: tuple[Used, int | None] | None = None
        self._seen_at = float("-inf")

    def promise(self, blob_id: bytes, size: int, *, lasts: int = PROMISE_MS) -> None:
        """Promise *size* bytes to an upload for *lasts* ms, instead of what it was promised before.

        Raises:
            Full: All promises would be more than there is, or too many.
            OSError: The place does not work.
        """
        most = self._most()
        if size > most or not self._uploads.promise(
            blob_id, size, most=most, many=UPLOADS_MOST, lasts=lasts
        ):
            raise Full

    def settle(self, blob_id: bytes, size: int) -> None:
        """Let the promise of a file that is complete end soon; without that, it ends later."""
        with suppress(RestanteError):
            self._uploads.end_promise(blob_id, size, after=SETTLE_MS)

    def take_back(self, blob_id: bytes) -> None:
        """End the promise of an upload that did not begin."""
        with suppress(RestanteError):
            self._uploads.end_promise(blob_id)

    def is_short(self) -> bool:
        """Tell whether the disk has less than its reserve.

        Raises:
            OSError: The place does not work.
        """
        room = self._offload(self._blobs.room)
        return room is not None and room < self._settings.files_reserve

    def _most(self) -> int:
        """Return how many bytes all promises together may be.

        What uploads have brought of it is on the disk already.
        """
        if self._seen is None or time.monotonic() - self._seen_at > LOOK_SECONDS:
            self._seen = self._offload(_look, self._blobs)
            self._seen_at = time.monotonic()
        used, room_then = self._seen
        most = self._settings.files_total_max - used.whole
        room: int | None = self._offload(self._blobs.room)
        if room is None or room_then is None:
            return most
        # The lower of both: what was deleted since may be counted as brought.
        free = min(room, room_then) - self._settings.files_reserve
        return min(most, free + used.under_way)


def _look(blobs: Blobs) -> tuple[Used, int | None]:
    return blobs.used(), blobs.room()
