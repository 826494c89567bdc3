"""What the metrics tell of the place of files: a look at it, at most every 20 seconds."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from restante.errors import RestanteError

if TYPE_CHECKING:
    from collections.abc import Callable

    from restante.blobs import Blobs, Used
    from restante.settings import Settings
    from restante.store.uploads import Uploads

LOOK_SECONDS = 20.0


class Seen(NamedTuple):
    """What was found.

    Attributes:
        works: The place works, and is this store's or nobody's yet.
        most: Bytes of all files that the settings allow.
        used: What it keeps; None if it does not work.
        room: Bytes that uploads may take of its disk; None if nobody can tell.
    """

    works: bool
    most: int
    used: Used | None = None
    room: int | None = None


class PlaceWatch:
    """Looks at the place of files, and changes nothing there."""

    def __init__(
        self, uploads: Uploads, blobs: Blobs, settings: Settings, offload: Callable[..., Any]
    ) -> None:
        """*offload* runs what waits for a disk where it does not block other requests."""
        self._uploads, self._blobs = uploads, blobs
        self._settings, self._offload = settings, offload
        self._seen: Seen | None = None
        self._seen_at = 0.0

    def look(self) -> Seen:
        """Return what is there, or was seconds ago."""
        if self._seen is None or time.monotonic() - self._seen_at > LOOK_SECONDS:
            self._seen = self._look()
            self._seen_at = time.monotonic()
        return self._seen

    def _look(self) -> Seen:
        most = self._settings.files_total_max
        try:
            here, used, room = self._offload(_ask, self._blobs)
            works = here == self._uploads.place()
        except (OSError, RestanteError):
            return Seen(works=False, most=most)
        free = None if room is None else max(0, room - self._settings.files_reserve)
        return Seen(works, most, used, free)


def _ask(blobs: Blobs) -> tuple[str, Used, int | None]:
    return blobs.place(), blobs.used(), blobs.room()
