"""Uploads: files are sealed on their way in, and go on where they stopped.

docs/specs/file.md says in which order things become safe.
"""

from __future__ import annotations

import errno
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from restante.blobs import Name, right_place
from restante.crypto.envelope import FORMAT
from restante.crypto.files import (
    PIECE_SIZE,
    FileSeal,
    UploadToken,
    blob_size,
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

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from restante.blobs import Blobs, Part
    from restante.settings import Settings
    from restante.store.uploads import Progress, Uploads

    Read = Callable[[int], bytes]
    """Returns the next bytes of a body, as many as asked for; fewer only at its end."""

MEMORY = "memory"
FULL = {errno.ENOSPC, errno.EDQUOT}
USED_SECONDS = 20.0
"""How old the sum of all blobs may be."""
BATCH = 16 * PIECE_SIZE
"""Bytes that are read, sealed and written at a time: 1 MiB, the memory of an upload."""
SAFE_EVERY = 8 * BATCH
"""Bytes after which what was written is made safe, so that it need not be sent again."""


class Uploading:
    """What a sender does with files before the message is sent."""

    def __init__(
        self,
        uploads: Uploads,
        blobs: Blobs | None,
        settings: Settings,
        offload: Callable[..., Any],
    ) -> None:
        """*offload* runs what waits for a disk where it does not block other requests."""
        self._uploads = uploads
        self._blobs = blobs
        self._settings = settings
        self._offload = offload
        self._known = 0, float("-inf")

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
            raise FileTooLarge(self._settings.files_max)

    def start(self, shard: int, size: int | None = None) -> UploadToken:
        """Begin an upload for a message of this shard; *size* in bytes, if it is known.

        Raises:
            NotFound: Messages have no files here.
            FileTooLarge: It is larger than a file may be.
            Full: There is no room for it.
        """
        blobs = self._place()
        self.check(size or 0)
        with _working():
            if not right_place.is_right(
                blobs, self._uploads, forgets=self._settings.durability == MEMORY
            ):
                raise Unavailable
            used, room = self._used(blobs), self._offload(blobs.room)
        if used + (size or 0) > self._settings.files_total_max:
            raise Full
        if room is not None and room - (size or 0) < self._settings.files_reserve:
            raise Full
        upload = UploadToken.new(shard)
        self._uploads.start(upload, new_salt(), size)
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

    def receive(self, upload: UploadToken, offset: int, read: Read, *, last: bool) -> Progress:
        """Add to a file from *offset* on what *read* returns; with *last*, that completes it.

        Only whole pieces of 64 KiB are kept of what does not complete the file.  If *read*
        raises, what came before is kept.

        Raises:
            NotFound: No such upload, or it was sent.
            OffsetWrong: It goes on at another place.
            Superseded: Another request adds to the file now, or it is complete.
            FileTooLarge: It is larger than a file may be; what came before stays.
            Invalid: It is not as long as was said when it began.
            Full: The disk has no room for more.
        """
        blobs = self._place()
        begun = self._uploads.begin(upload)
        part, begun = self._part(blobs, upload, begun)
        if part is None:
            if last and offset == begun.offset and not read(1):
                return begun
            raise Superseded if offset == begun.offset else OffsetWrong(begun.offset)
        writer = _Writer(self._uploads, upload, part, begun, self._offload)
        try:
            if offset != begun.offset:
                raise OffsetWrong(begun.offset)
            return self._fill(writer, blobs, read, begun.size, last=last)
        finally:
            self._offload(part.close)

    def _used(self, blobs: Blobs) -> int:
        """Return how many bytes the blobs take, as known some seconds ago: it looks at each."""
        used, at = self._known
        if time.monotonic() - at > USED_SECONDS:
            used = self._offload(blobs.used)
            self._known = used, time.monotonic()
        return used

    def _part(
        self, blobs: Blobs, upload: UploadToken, begun: Progress
    ) -> tuple[Part | None, Progress]:
        """Return the blob, open for writing, and how far it came; None if it is complete."""
        if begun.whole:
            return None, begun
        name = Name(upload.shard, upload.blob_id)
        safe = chunk_at(begun.offset // PIECE_SIZE) if begun.offset else 0
        with _working():
            try:
                return self._offload(blobs.part, name, safe), begun
            except FileExistsError:
                # A crash came between the file's last step and the store's.
                size = file_size(self._offload(blobs.size, name))
            except FileNotFoundError:
                # What was safe is gone: the disk was changed, or is another one.
                self._uploads.cancel(upload)
                raise NotFound from None
        return None, self._uploads.advance(upload, begun.run, size, whole=True)

    def _fill(
        self, writer: _Writer, blobs: Blobs, read: Read, size: int | None, *, last: bool
    ) -> Progress:
        most = self._settings.files_max if size is None else size
        while True:
            try:
                batch = read(BATCH)
            except BaseException:
                writer.save()
                raise
            if writer.at + len(batch) > most:
                writer.save()
                raise FileTooLarge(most) if size is None else _misjudged()
            ended = len(batch) < BATCH
            whole = len(batch) - len(batch) % PIECE_SIZE
            if whole:
                writer.add(batch[:whole])
            if ended:
                break
            if writer.at - writer.safe >= SAFE_EVERY:
                writer.save()
                if self._is_short(blobs):
                    raise Full
        rest = batch[whole:]
        if not last:
            return writer.save()
        if size is not None and writer.at + len(rest) != size:
            writer.save()
            raise _misjudged()
        return writer.finish(rest)

    def _is_short(self, blobs: Blobs) -> bool:
        with _working():
            room = self._offload(blobs.room)
        return room is not None and room < self._settings.files_reserve

    def _place(self) -> Blobs:
        if self._blobs is None:
            raise NotFound
        return self._blobs


class _Writer:
    """One request that adds to a file; only while it is the newest one."""

    def __init__(
        self,
        uploads: Uploads,
        upload: UploadToken,
        part: Part,
        begun: Progress,
        offload: Callable[..., Any],
    ) -> None:
        self._uploads, self._upload, self._part = uploads, upload, part
        self._begun, self._offload = begun, offload
        self._seal = FileSeal.of(upload.file_secret(begun.salt), upload.blob_id)
        self.at = self.safe = begun.offset

    def add(self, pieces: bytes) -> None:
        """Seal and write whole pieces."""
        first = self.at // PIECE_SIZE
        sealed = b"".join(
            self._seal.close(pieces[start : start + PIECE_SIZE], first + place, last=False)
            for place, start in enumerate(range(0, len(pieces), PIECE_SIZE))
        )
        with self._alone():
            self._write(first, sealed)
        self.at += len(pieces)

    def save(self) -> Progress:
        """Return once all that was written is safe."""
        if self.at == self.safe:
            return self._begun._replace(offset=self.at)
        with _working():
            self._offload(self._part.sync)
        self.safe = self.at
        return self._uploads.advance(self._upload, self._begun.run, self.at)

    def finish(self, rest: bytes) -> Progress:
        """Seal the last piece, and return once the file is complete and safe."""
        number = self.at // PIECE_SIZE
        sealed = self._seal.close(rest, number, last=True)
        size = self.at + len(rest)
        with self._alone():
            self._write(number, sealed)
            self._offload(self._part.finish, blob_size(size))
        return self._uploads.advance(self._upload, self._begun.run, size, whole=True)

    def _write(self, number: int, sealed: bytes) -> None:
        at, data = (chunk_at(number), sealed) if number else (0, FORMAT + sealed)
        self._offload(self._part.write, at, data)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Write only as the newest writer, and while no other one is in the middle of it."""
        with _working():
            self._offload(self._part.lock)
            try:
                self._uploads.advance(self._upload, self._begun.run)
                yield
            finally:
                self._offload(self._part.unlock)


@contextmanager
def _working() -> Iterator[None]:
    """Tell the caller that files are unavailable if their place does not work."""
    try:
        yield
    except FileExistsError:
        raise Superseded from None
    except OSError as problem:
        raise (Full if problem.errno in FULL else Unavailable) from None


def _misjudged() -> Invalid:
    return Invalid([Fault("size", "the file is not as long as was said when it began")])
