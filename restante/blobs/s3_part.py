"""A blob on its way into S3: whole parts go into a multipart upload, the rest into an object.

docs/specs/file.md (*In S3*) specifies names, numbers and what is in a rest.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import json
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

from restante.blobs.s3_line import NotFoundThere, S3Error, TakenThere

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from restante.blobs.s3_line import Line

SLOTS = 4
"""Numbers that a part can have, by its writer: what an older writer's request still brings has
another number, and does not count."""
PARTS_MOST = 10_000
ONCE = {"IfNoneMatch": "*"}
LENGTH_SIZE, HEAD_MOST = 4, 2**20


@dataclass(slots=True)
class Shipped:
    """What of a blob is in S3's multipart upload.

    Attributes:
        size: Bytes of each part.
        upload: The id that S3 gave; "" before the first part.
        parts: Number and ETag of each part, in order.
    """

    size: int
    upload: str = ""
    parts: list[tuple[int, str]] = field(default_factory=list)

    def head(self) -> bytes:
        """Return what stands behind a rest."""
        said = json.dumps([self.size, self.upload, self.parts], separators=(",", ":")).encode()
        return said + len(said).to_bytes(LENGTH_SIZE, "big")

    @classmethod
    def read(cls, said: bytes) -> Shipped:
        """Return what a head says; ValueError if it is none."""
        match json.loads(said):
            case [int(size), str(upload), list(parts)] if size > 0:
                return cls(size, upload, [_pair(its) for its in parts])
        raise ValueError


def _pair(its: object) -> tuple[int, str]:
    match its:
        case [int(number), str(tag)] if 1 <= number <= PARTS_MOST:
            return number, tag
    raise ValueError


class Spool:
    """Sealed bytes on the local disk that are not a whole part yet; nobody else sees the file.

    It has no name, so it is gone with its process.
    """

    def __init__(self, folder: Path, disk: Callable[..., Any]) -> None:
        """*disk* runs what waits for the disk where it does not block other requests."""
        self._disk = disk
        self._file: IO[bytes] = disk(_open, folder)
        self.size = 0
        self._hash = hashlib.md5(usedforsecurity=False)

    def add(self, data: bytes | memoryview) -> None:
        """Append."""
        self._disk(self._add, data)

    def _add(self, data: bytes | memoryview) -> None:
        self._write(data, self.size)
        self._hash.update(data)
        self.size += len(data)

    def _write(self, data: bytes | memoryview, at: int) -> None:
        rest = memoryview(data)
        while rest:
            done = os.pwrite(self._file.fileno(), rest, at)
            at, rest = at + done, rest[done:]

    def body(self, behind: bytes = b"") -> dict[str, object]:
        """Return the fields of a request that sends all, and *behind* it."""
        if behind:
            self._disk(self._write, behind, self.size)
        self._file.seek(0)
        digest = self._hash.copy()
        digest.update(behind)
        return {
            "Body": self._file,
            "ContentLength": self.size + len(behind),
            "ContentMD5": base64.b64encode(digest.digest()).decode(),
        }

    def cut(self, size: int) -> None:
        """Keep the first *size* bytes; 0, or what is there without what was sent behind it."""
        self._disk(os.ftruncate, self._file.fileno(), size)
        if not size:
            self.size, self._hash = 0, hashlib.md5(usedforsecurity=False)

    def fill(self, pieces: Iterable[bytes]) -> Shipped:
        """Take in a rest and its head, and return what the head says.

        Raises:
            ValueError: It is none.
        """
        for piece in pieces:
            self._disk(self._write, piece, self.size)
            self.size += len(piece)
        fileno = self._file.fileno()
        end = max(0, self.size - LENGTH_SIZE)
        length = int.from_bytes(os.pread(fileno, LENGTH_SIZE, end), "big")
        at = end - length
        if at < 0 or length > HEAD_MOST:
            raise ValueError
        shipped = Shipped.read(os.pread(fileno, length, at))
        self.cut(at)
        self.size = at
        self._disk(self._count)
        return shipped

    def _count(self) -> None:
        self._file.seek(0)
        for piece in iter(lambda: self._file.read(2**20), b""):
            self._hash.update(piece)

    def close(self) -> None:
        """Give the room back."""
        self._file.close()


def _open(folder: Path) -> IO[bytes]:
    folder.mkdir(0o700, parents=True, exist_ok=True)
    return tempfile.TemporaryFile(dir=folder, buffering=0)


class S3Part:
    """A blob under way, as one writer has it open."""

    def __init__(  # noqa: PLR0913
        self, line: Line, key: str, run: int, spool: Spool, shipped: Shipped, *, at: int,
        rests: list[str],
    ) -> None:  # fmt: skip
        """*rests* are the keys of rests that are there: first the one that was read, if any."""
        self._line, self._key, self._run = line, key, run
        self._spool, self._shipped = spool, shipped
        self._at = self._saved = at
        self._rests = rests
        self.sync_factor = 1
        self._referred = shipped.upload
        """The multipart upload that a rest knows: it stays when this writer ends."""

    def write(self, at: int, data: bytes) -> None:
        if at != self._at:
            raise S3Error(errno.EINVAL, "NotBehind")
        rest = memoryview(data)
        while rest:
            some = rest[: self._shipped.size - self._spool.size]
            self._spool.add(some)
            rest = rest[len(some) :]
            if self._spool.size == self._shipped.size:
                self._ship()
        self._at += len(data)

    def lock(self) -> None:
        """Do nothing: writers at other machines have other names and numbers."""

    def unlock(self) -> None:
        """Do nothing."""

    def sync(self) -> None:
        if self._at == self._saved:
            return
        key, head = f"{self._key}.{self._run}.{self._at}.part", self._shipped.head()
        self._line.ask("put_object", Key=key, **self._spool.body(head))
        self._spool.cut(self._spool.size)
        self._saved, self._referred = self._at, self._shipped.upload
        # The store knows the one before by now, and needs none that is older.
        old, self._rests = self._rests[1:], [key, *self._rests[:1]]
        for its in old:
            self._forget(its)

    def finish(self, size: int) -> None:
        if size != self._at:
            raise S3Error(errno.EINVAL, "NotItsSize")
        if not self._shipped.upload:
            self._once("put_object", size, **self._spool.body())
        else:
            if self._spool.size:
                self._ship()
            self._complete(size)
        self._referred = ""
        self._clean()

    def close(self) -> None:
        self._spool.close()
        if self._shipped.upload and self._shipped.upload != self._referred:
            self._abort(self._shipped.upload)

    def _ship(self) -> None:
        """Send what is gathered as the next part."""
        shipped = self._shipped
        if not shipped.upload:
            shipped.upload = self._line.ask("create_multipart_upload", Key=self._key)["UploadId"]
        number = len(shipped.parts) * SLOTS + self._run % SLOTS + 1
        answer = self._line.ask(
            "upload_part", Key=self._key, UploadId=shipped.upload, PartNumber=number,
            **self._spool.body(),
        )  # fmt: skip
        shipped.parts.append((number, answer["ETag"]))
        self._spool.cut(0)

    def _complete(self, size: int) -> None:
        parts = [{"PartNumber": number, "ETag": tag} for number, tag in self._shipped.parts]
        self._once(
            "complete_multipart_upload",
            size,
            UploadId=self._shipped.upload,
            MultipartUpload={"Parts": parts},
        )
        self._shipped.upload = ""

    def _once(self, verb: str, size: int, **fields: object) -> None:
        """Give the blob its name, if no object has it."""
        try:
            self._line.ask(verb, Key=self._key, **ONCE, **fields)
        except (TakenThere, NotFoundThere):
            # An answer was lost, or another writer was faster: then it is there, and complete.
            if self._size() != size:
                raise FileExistsError from None
        except S3Error as refused:
            if refused.errno != errno.ENOSYS:
                raise
            # This S3 cannot do both in one step.
            if self._size() is not None:
                raise FileExistsError from None
            self._line.ask(verb, Key=self._key, **fields)

    def _size(self) -> int | None:
        found = {key: size for key, size, _ in self._line.objects(self._key)}
        return found.get(self._key)

    def _clean(self) -> None:
        """Delete what is left of the way; what fails goes with the blob."""
        with suppress(OSError):
            if self._rests or self._run > 1:
                for key, _, _ in self._line.objects(self._key + "."):
                    self._forget(key)
            if self._shipped.parts or self._run > 1:
                for key, upload, _ in self._line.multiparts(self._key):
                    if key == self._key:
                        self._abort(upload)

    def _forget(self, key: str) -> None:
        with suppress(OSError):
            self._line.ask("delete_object", Key=key)

    def _abort(self, upload: str) -> None:
        with suppress(OSError):
            self._line.ask("abort_multipart_upload", Key=self._key, UploadId=upload)
