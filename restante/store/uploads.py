"""Uploads and blobs in the store: who may write, how far each came, and what has to go."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from restante.errors import NotFound, Superseded
from restante.store import keys
from restante.store.verbs import Verbs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from restante.crypto.files import UploadToken


class Progress(NamedTuple):
    """How far an upload came.

    Attributes:
        offset: Bytes of the file that are safely kept.
        size: Bytes of the whole file, if that is known.
        whole: It is complete.
        salt: 32 bytes; with the upload token it opens the file until it is sent.
        run: The writer's number.
    """

    offset: int
    size: int | None
    whole: bool
    salt: bytes
    run: int = 0

    def __repr__(self) -> str:
        return f"<Progress {self.offset} of {self.size}>"


class Uploads(Verbs):
    """The verbs on uploads, and on what is left of them.  All are idempotent."""

    def start(self, upload: UploadToken, salt: bytes, size: int | None) -> None:
        """Begin an upload; if it has begun already, change nothing.

        Raises:
            Unavailable: Also if the store is full.
        """
        self._run("start_upload", keys.upload(upload), salt, "" if size is None else size)

    def begin(self, upload: UploadToken) -> Progress:
        """Admit a new writer; the one before may not write any more.

        Raises:
            NotFound: No such upload.
        """
        return self._advance(upload, "", "", whole=False)

    def advance(
        self, upload: UploadToken, run: int, offset: int | None = None, *, whole: bool = False
    ) -> Progress:
        """Ask whether this writer may still write, and note a new *offset*, if there is one.

        Raises:
            NotFound: No such upload: it was cancelled, or nothing came for a day.
            Superseded: There is a newer writer, or the upload is complete.
        """
        return self._advance(upload, run, "" if offset is None else offset, whole=whole)

    def _advance(
        self, upload: UploadToken, run: int | str, offset: int | str, *, whole: bool
    ) -> Progress:
        match self._run("advance_upload", keys.upload(upload), run, offset, int(whole)):
            case [b"upload", its, at, size, is_whole, salt]:
                return Progress(at, int(size) if size else None, is_whole == 1, salt, its)
            case [b"superseded"]:
                raise Superseded
        raise NotFound

    def progress(self, uploads: Sequence[UploadToken]) -> list[Progress | None]:
        """Return how far these uploads of one shard came; None for one that does not exist."""
        ids = b"".join(upload.blob_id for upload in uploads)
        return [
            Progress(its[0], int(its[1]) if its[1] else None, its[2] == 1, its[3]) if its else None
            for its in self._run("uploads", keys.upload(uploads[0]), ids)
        ]

    def cancel(self, upload: UploadToken) -> bool:
        """End an upload; tell whether there was one."""
        return self._run("cancel_upload", keys.upload(upload)) == [b"cancelled"]

    def promise(self, blob_id: bytes, size: int, *, most: int, many: int, lasts: int) -> bool:
        """Promise room to an upload for *lasts* ms, instead of what it was promised before.

        Returns False, and changes nothing, if all promises would be more than *most* bytes, or
        more than *many*.
        """
        reply = self._run("promise", keys.promised(), blob_id, size, most, many, lasts)
        return bool(reply[0] == b"promised")

    def end_promise(self, blob_id: bytes, size: int = 0, *, after: int = 0) -> int:
        """Make a promise *size* bytes, if that is less, and end it *after* ms.

        Returns the bytes of all promises.
        """
        [_, promised] = self._run("promise", keys.promised(), blob_id, size, "", 0, after)
        return int(promised)

    def has_to_go(self, shard: int, blob_id: bytes) -> bool:
        """Tell whether a blob is needed no more; if it is, it is due again later."""
        return self._run("blob_due", keys.blobs(shard), blob_id) == [b"delete"]

    def gone(self, shard: int, blob_id: bytes) -> None:
        """Forget a blob that was deleted."""
        self._run("blob_gone", keys.blobs(shard), blob_id, "")

    def postpone(self, shard: int, blob_id: bytes, after: int) -> None:
        """Have a blob that could not be deleted tried again, *after* ms from now."""
        self._run("blob_gone", keys.blobs(shard), blob_id, after)

    def due(self, shard: int, most: int) -> list[bytes]:
        """Return the ids of blobs whose time has come, earliest first."""
        found: list[bytes] = self._run("due", keys.due_blobs(shard), most)
        return found

    def place(self, new: str = "") -> str:
        """Return the id of the place where blobs are: the *new* one if there was none; or ""."""
        [its] = self._run("blobs_place", keys.blobs_place(), new)
        return str(its, "ascii")

    def unowned(self, shard: int, blob_ids: Sequence[bytes]) -> list[bytes]:
        """Return those of these blobs that nothing in the store knows."""
        return self._run("unowned", keys.blobs(shard), b"".join(blob_ids))
