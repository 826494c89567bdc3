"""Uploads: files are sealed on their way in, and go on where they stopped.

docs/specs/file.md says in which order things become safe.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from restante.background import at_once
from restante.blobs import Name, right_place
from restante.completing import Completing
from restante.crypto.files import (
    PIECE_SIZE,
    UploadToken,
    chunk_at,
    file_size,
    new_salt,
)
from restante.errors import (
    Fault,
    FileTooLarge,
    Full,
    Invalid,
    NotFound,
    OffsetWrong,
    Superseded,
    Unavailable,
)
from restante.room import FIRST_MS, Room
from restante.upload_writer import UploadWriter, working

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from restante.background import Background
    from restante.blobs import Blobs, Part
    from restante.scanning import Clamd
    from restante.settings import Settings
    from restante.store.uploads import Progress, Uploads

    Read = Callable[[int], bytes]
    """Returns the next bytes of a body, at most as many as asked for; none only at its end."""
    Afford = Callable[[], None]
    """Counts an upload against a quota, with the next script or at once; raises if it is spent."""

MEMORY = "memory"


class Uploading:
    """What a sender does with files before the message is sent."""

    def __init__(  # noqa: PLR0913 (what it needs)
        self,
        uploads: Uploads,
        blobs: Blobs | None,
        settings: Settings,
        offload: Callable[..., Any],
        *,
        count: Callable[[str, int], None],
        background: Background = at_once,
        scanner: Clamd | None = None,
    ) -> None:
        """*offload* runs what waits for a disk where it does not block other requests.

        *count* is told of bytes that came (`up`) and of refusals (`full`, `too_large`).
        """
        self._background = background
        self._count = count
        self._uploads = uploads
        self._blobs = blobs
        self._settings = settings
        self._offload = offload
        if blobs:
            self._room = Room(uploads, blobs, settings, offload)
            self._completing = Completing(uploads, blobs, self._room, scanner)

    @property
    def is_on(self) -> bool:
        """Tell whether messages can have files here."""
        return self._blobs is not None

    def check(self, size: int) -> None:
        """Check that a file of *size* bytes may be uploaded; it costs nothing.

        Raises:
            NotFound: Messages have no files here.
            FileTooLarge: It is larger than a file may be.
        """
        self._place()
        if size > self._settings.files_max:
            self._count("too_large", 1)
            raise FileTooLarge(self._settings.files_max)

    def start(
        self,
        shard: int,
        size: int | None = None,
        *,
        most: int = 0,
        afford: Afford | None = None,
    ) -> UploadToken:
        """Begin an upload for a message of this shard; *size* in bytes, if it is known.

        Otherwise it is promised *most* bytes of room, and comes at once.  *afford* counts it,
        once there is room.

        Raises:
            NotFound: Messages have no files here.
            FileTooLarge: It is larger than a file may be.
            Full: There is no room for it; nothing is counted.
        """
        blobs, room = self._place()
        self.check(size or 0)
        upload = UploadToken.new(shard)
        with self._counting_full(), working():
            self._check_place(blobs)
            if size is None:
                room.promise(upload.blob_id, most)
            else:
                room.promise(upload.blob_id, size, lasts=FIRST_MS)
        try:
            if afford:
                afford()
            self._uploads.start(upload, new_salt(), size)
        except BaseException:
            room.take_back(upload.blob_id)
            raise
        return upload

    def progress(self, upload: UploadToken) -> Progress:
        """Return how far an upload came.

        Raises:
            NotFound: No such upload, or it was sent.
        """
        [found] = self._uploads.progress([upload])
        if found is None:
            raise NotFound
        return found

    def cancel(self, upload: UploadToken) -> None:
        """End an upload; if there is none, do nothing."""
        self._uploads.cancel(upload)

    def receive(
        self, upload: UploadToken, offset: int, read: Read, *, last: bool, most: int | None = None
    ) -> Progress:
        """Add to a file from *offset* on what *read* returns; with *last*, that completes it.

        Only whole pieces of 64 KiB are kept of what does not complete the file.  If *read*
        raises, what came before is kept.  *most* bytes is what the file may have, if less than
        the setting.

        Raises:
            NotFound: No such upload, or it was sent.
            OffsetWrong: It goes on at another place.
            Superseded: Another request adds to the file now, or it is complete.
            FileTooLarge: It is larger than a file may be; what came before stays.
            Invalid: It is not as long as was said when it began.
            Full: The disk has no room for more.
            FileRefused: The virus scan refused it.
            Unavailable: The store, the place or the scanner does not work now.
        """
        blobs, room = self._place()
        begun = self._uploads.begin(upload)
        if begun.size is not None and not (begun.offset or begun.whole):
            with working():
                room.promise(upload.blob_id, begun.size)
        part, begun = self._part(blobs, upload, begun)
        if part is None:
            if last and offset == begun.offset and not read(1):
                return begun
            raise Superseded if offset == begun.offset else OffsetWrong(begun.offset)
        writer = UploadWriter(
            self._uploads, upload, part, begun, offload=self._offload, background=self._background
        )
        limit = self._settings.files_max if most is None else min(most, self._settings.files_max)
        try:
            if offset != begun.offset:
                raise OffsetWrong(begun.offset)
            limit = limit if begun.size is None else begun.size
            with self._counting_full():
                self._fill(writer, room, read, begun.size, limit)
                if last and begun.size is not None and writer.came != begun.size:
                    writer.keep()
                    raise _misjudged()
                if not last:
                    return writer.save()
                size = writer.finish()
        finally:
            writer.stop()
            self._offload(part.close)
        return self._completing.complete(upload, begun, size, self._offload)

    def _part(
        self, blobs: Blobs, upload: UploadToken, begun: Progress
    ) -> tuple[Part | None, Progress]:
        """Return the blob, open for writing, and how far it came; None if it is complete."""
        if begun.whole:
            return None, begun
        name = Name(upload.shard, upload.blob_id)
        safe = chunk_at(begun.offset // PIECE_SIZE) if begun.offset else 0
        with working():
            try:
                return self._offload(blobs.part, name, safe, begun.run), begun
            except FileExistsError:
                # A crash came between the file's last step and the store's.
                size = file_size(self._offload(blobs.size, name))
            except FileNotFoundError:
                # What was safe is gone.  In another store's place that ends no upload.
                self._check_place(blobs)
                self._uploads.cancel(upload)
                raise NotFound from None
        return None, self._completing.complete(upload, begun, size, self._offload)

    def _fill(
        self, writer: UploadWriter, room: Room, read: Read, size: int | None, most: int
    ) -> None:
        """Add what *read* returns, until it returns nothing."""
        while some := _read(writer, read):
            if writer.came + len(some) > most:
                writer.keep()
                if size is None:
                    self._count("too_large", 1)
                    raise FileTooLarge(most)
                raise _misjudged()
            writer.hold(some)
            self._count("up", len(some))
            if writer.has_batch or writer.is_late:
                writer.add()
            if writer.has_much or writer.is_late:
                writer.begin_save()
                with working():
                    is_short = room.is_short()
                if is_short:
                    raise Full
        writer.add()

    @contextmanager
    def _counting_full(self) -> Iterator[None]:
        try:
            yield
        except Full:
            self._count("full", 1)
            raise

    def _check_place(self, blobs: Blobs) -> None:
        if not right_place.is_right(
            blobs, self._uploads, forgets=self._settings.durability == MEMORY
        ):
            raise Unavailable

    def _place(self) -> tuple[Blobs, Room]:
        if self._blobs is None:
            raise NotFound
        return self._blobs, self._room


def _read(writer: UploadWriter, read: Read) -> bytes:
    try:
        return read(writer.room)
    except BaseException:
        writer.keep()
        raise


def _misjudged() -> Invalid:
    return Invalid([Fault("size", "the file is not as long as was said when it began")])
