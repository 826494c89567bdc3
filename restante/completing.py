"""The last step of an upload: a scan, if the operator wants one; then the file counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from restante.blobs import Name
from restante.blobs.opening import BATCH, open_batch
from restante.crypto.files import PIECE_SIZE, FileSeal
from restante.errors import Damaged, FileRefused
from restante.upload_writer import working

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from restante.blobs import Blobs
    from restante.crypto.files import UploadToken
    from restante.room import Room
    from restante.scanning import Clamd
    from restante.store.uploads import Progress, Uploads


class Completing:
    """Has complete blobs count: only then a send takes them."""

    def __init__(self, uploads: Uploads, blobs: Blobs, room: Room, scanner: Clamd | None) -> None:
        self._uploads, self._blobs, self._room = uploads, blobs, room
        self._scanner = scanner

    def complete(
        self, upload: UploadToken, begun: Progress, size: int, offload: Callable[..., Any]
    ) -> Progress:
        """Have a file of *size* bytes count, whose blob is complete and safe.

        Raises:
            FileRefused: The scan refused it; the upload ended.
            Unavailable: The scanner is away: the same request again has it scanned again.
            Superseded, NotFound: Another request adds to the file, or the upload ended.
        """
        if self._scanner and size:
            try:
                self._scanner.scan(self._pieces(upload, begun, size, offload))
            except FileRefused:
                self._uploads.cancel(upload)
                raise
            # Somebody may have asked again meanwhile.  The blob cannot have changed.
            begun = self._uploads.begin(upload)
        if not begun.whole:
            begun = self._uploads.advance(upload, begun.run, size, whole=True)
        self._room.settle(upload.blob_id, size)
        return begun

    def _pieces(
        self, upload: UploadToken, begun: Progress, size: int, offload: Callable[..., Any]
    ) -> Iterator[bytes]:
        seal = FileSeal.of(upload.file_secret(begun.salt), upload.blob_id)
        name, last = Name(upload.shard, upload.blob_id), size // PIECE_SIZE
        for first in range(0, last + 1, BATCH):
            numbers = range(first, min(first + BATCH, last + 1))
            with working():
                pieces, is_damaged = offload(open_batch, self._blobs, name, seal, numbers, last)
            if is_damaged:
                raise Damaged
            yield from filter(None, pieces)
