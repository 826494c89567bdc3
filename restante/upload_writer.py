"""One request that adds to a file: seals what comes, writes it, and makes it safe."""

from __future__ import annotations

import errno
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from restante.crypto.envelope import FORMAT
from restante.crypto.files import PIECE_SIZE, FileSeal, blob_size, chunk_at
from restante.errors import Full, RestanteError, Superseded, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from restante.background import Background, Result
    from restante.blobs import Part
    from restante.crypto.files import UploadToken
    from restante.store.uploads import Progress, Uploads

FULL = {errno.ENOSPC, errno.EDQUOT}
BATCH = 16 * PIECE_SIZE
"""Bytes that are sealed and written at a time: 1 MiB."""
SAFE_EVERY, SAFE_SECONDS = 32 * 1024 * 1024, 10.0
"""Bytes, and time, after which what came is made safe, so that it need not be sent again."""


class UploadWriter:
    """Adds to a file, only while it is the newest to do so."""

    def __init__(  # noqa: PLR0913 (what it writes, and with what)
        self,
        uploads: Uploads,
        upload: UploadToken,
        part: Part,
        begun: Progress,
        *,
        offload: Callable[..., Any],
        background: Background,
    ) -> None:
        """*begun* is what the store said when it admitted this writer.

        While one batch is written, the next can come.
        """
        self._background = background
        self._pending: Result = _nothing
        self._uploads, self._upload, self._part = uploads, upload, part
        self._begun, self._offload = begun, offload
        self._seal = FileSeal.of(upload.file_secret(begun.salt), upload.blob_id)
        self._at = self._safe = self._begun_upto = begun.offset
        self._held = b""
        self._saved_at = time.monotonic()

    @property
    def came(self) -> int:
        """Return how many bytes of the file have come, written or not."""
        return self._at + len(self._held)

    @property
    def room(self) -> int:
        """Return how many more bytes can be held."""
        return BATCH - len(self._held)

    @property
    def has_batch(self) -> bool:
        """Tell whether enough is held to be written."""
        return len(self._held) >= BATCH

    @property
    def is_late(self) -> bool:
        """Tell whether what came should be made safe now, however little it is."""
        return time.monotonic() - self._saved_at >= SAFE_SECONDS * self._part.sync_factor

    @property
    def has_much(self) -> bool:
        """Tell whether much was written since a save was begun."""
        return self._at - self._begun_upto >= SAFE_EVERY * self._part.sync_factor

    def hold(self, some: bytes) -> None:
        """Take bytes that came, at most `room`."""
        self._held = self._held + some if self._held else some

    def add(self) -> None:
        """Begin to seal and write the whole pieces of what is held, once what was begun is done.

        Raises:
            Superseded, NotFound: It is not the newest writer, or the upload ended.
            Full, Unavailable: The place has no room, or does not work.
        """
        self.wait()
        whole = len(self._held) - len(self._held) % PIECE_SIZE
        if whole:
            first, pieces = self._at // PIECE_SIZE, memoryview(self._held)[:whole]
            self._at += whole
            self._held = self._held[whole:]
            self._begin(lambda: self._write(first, pieces))

    def begin_save(self) -> None:
        """Begin to make safe what was written; raises as `add`."""
        self.wait()
        self._begun_upto, self._saved_at = self._at, time.monotonic()
        self._begin(self._save)

    def wait(self) -> None:
        """Wait for what was begun; raises as `add`."""
        pending, self._pending = self._pending, _nothing
        pending()

    def stop(self) -> None:
        """Wait for what was begun, whatever comes of it: it needs the blob to be open."""
        with suppress(RestanteError):
            self.wait()

    def keep(self) -> None:
        """Make safe what can be: the line broke, or no more is wanted."""
        with suppress(RestanteError):
            self.add()
            self.save()

    def save(self) -> Progress:
        """Return once all that was written is safe; raises as `add`."""
        self.wait()
        return self._save()

    def _begin(self, work: Callable[[], Any]) -> None:
        self._pending = self._background(work)

    def _save(self) -> Progress:
        self._saved_at = time.monotonic()
        if self._at == self._safe:
            # Asked also if nothing came: a writer whose line is slow learns that it is not needed.
            return self._uploads.advance(self._upload, self._begun.run)
        upto = self._at
        with working():
            self._offload(self._part.sync)
        self._safe = upto
        return self._uploads.advance(self._upload, self._begun.run, upto)

    def finish(self) -> int:
        """Seal the last piece; return the file's size once it is complete and safe.

        The store does not know that yet.

        Raises:
            Superseded, NotFound, Full, Unavailable: As `add`.
        """
        self.add()
        self.wait()
        number, size = self._at // PIECE_SIZE, self.came
        self._write(number, self._held, blob_size(size))
        return size

    def _write(self, number: int, plain: bytes | memoryview, length: int | None = None) -> None:
        """Seal and write whole pieces from this number on, alone.

        With the *length* of the blob, it is the last piece, and completes the file.
        """
        with working():
            sealed = self._offload(self._sealed, number, plain, length is not None)
            try:
                self._uploads.advance(self._upload, self._begun.run)
            except BaseException:
                self._offload(self._part.unlock)
                raise
            self._offload(_write_locked, self._part, number, sealed, length)

    def _sealed(self, number: int, plain: bytes | memoryview, is_last: bool) -> bytes:  # noqa: FBT001
        """Return chunks, with the blob locked: a thread's work."""
        if is_last:
            sealed = self._seal.close(bytes(plain), number, last=True)
        else:
            sealed = self._seal.close_whole(plain, number)
        self._part.lock()
        return sealed if number else FORMAT + sealed


def _nothing() -> None:
    return None


def _write_locked(part: Part, number: int, data: bytes, length: int | None) -> None:
    try:
        part.write(chunk_at(number) if number else 0, data)
        if length is not None:
            part.finish(length)
    finally:
        with suppress(OSError):
            part.unlock()


@contextmanager
def working() -> Iterator[None]:
    """Tell the caller that files are unavailable if their place does not work."""
    try:
        yield
    except FileExistsError:
        raise Superseded from None
    except OSError as problem:
        raise (Full if problem.errno in FULL else Unavailable) from None
