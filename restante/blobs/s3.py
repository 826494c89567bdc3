"""Blobs in a bucket of S3: an object for each, with what is under way beside it.

docs/specs/file.md (*In S3*) specifies the names, and why several machines can write.
"""

from __future__ import annotations

import re
import secrets
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from restante.blobs import Name, Used
from restante.blobs.s3_line import NotFoundThere, S3Error, TakenThere
from restante.blobs.s3_part import ONCE, PARTS_MOST, SLOTS, S3Part, Shipped, Spool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from restante.blobs.s3_line import Line

MIB = 1024 * 1024
PART_SIZE = 8 * MIB
PIECE = MIB
"""Bytes of a rest that are in memory at a time."""
PLACE, NEW = "place", "place.new"
ID = re.compile(r"[0-9a-f]{32}")
KEY = re.compile(
    r"([0-9a-f]{1,2})/([0-9a-f]{2})/(\2[0-9a-f]{30})(?:\.(\d{1,16})\.(\d{1,16})\.part)?"
)
LISTING_SHARE = 20
"""A list of all blobs is used again for this many times as long as it took."""


def part_size(most: int) -> int:
    """Return how long parts must be, for a blob of *most* bytes to have numbers enough."""
    parts = PARTS_MOST // SLOTS - 1
    return max(PART_SIZE, -(-most // parts // MIB) * MIB)


class S3:
    """The adapter for a bucket, or what is below a prefix of one."""

    def __init__(
        self, line: Line, prefix: str, spool: Path, *, most: int, disk: Callable[..., Any]
    ) -> None:
        """*most*: bytes of the longest blob.  *disk* runs what waits for the local disk."""
        self._line, self._spool, self._disk = line, spool, disk
        self._prefix = f"{prefix}/" if prefix else ""
        self._part_size = part_size(most)
        self._known, self._good_until = Used(0, 0), 0.0

    def place(self) -> str:
        return self._id_in(PLACE)

    def propose(self) -> str:
        page = self._line.ask("list_objects_v2", Prefix=self._prefix, MaxKeys=2)
        if any(its["Key"] != self._prefix + NEW for its in page.get("Contents", ())):
            return ""
        if not self._id_in(NEW):
            self._put_once(NEW, secrets.token_hex(16))
        return self._id_in(NEW)

    def settle(self) -> None:
        if its := self._id_in(NEW):
            self._put_once(PLACE, its)
            self._line.ask("delete_object", Key=self._prefix + NEW)

    def part(self, name: Name, offset: int, run: int) -> S3Part:
        key, rests = self._key(name), []
        for its, _, _ in self._line.objects(key):
            if its == key:
                raise FileExistsError
            if (found := self._read_key(its)) and found[1] < run:
                rests.append((*found[1:], its))
        # A writer goes on from the newest one before it that is where the store says.
        rests.sort(key=lambda rest: (rest[1] == offset, rest[0]), reverse=True)
        spool = Spool(self._spool, self._disk)
        try:
            shipped = self._gone_on(spool, rests, offset)
        except BaseException:
            spool.close()
            raise
        keys = [its for _, _, its in rests]
        part = S3Part(self._line, key, run, spool, shipped, at=offset, rests=keys)
        part.sync_factor = self._part_size // PART_SIZE
        return part

    def read(self, name: Name, at: int, size: int) -> bytes:
        if not size:
            return b""
        try:
            answer = self._line.ask(
                "get_object", Key=self._key(name), Range=f"bytes={at}-{at + size - 1}"
            )
        except S3Error as refused:
            if refused.code == "InvalidRange":
                return b""
            raise
        body: bytes = answer["Body"]
        return body

    def size(self, name: Name) -> int:
        # A question for the head alone would not tell a missing object from a missing bucket.
        answer = self._line.ask("get_object", Key=self._key(name), Range="bytes=0-0")
        said = answer.get("ContentRange", "").rpartition("/")[2]
        return int(said) if said.isdigit() else len(answer["Body"])

    def delete(self, name: Name) -> None:
        key = self._key(name)
        for its, _, _ in self._line.objects(key):
            self._line.ask("delete_object", Key=its)
        for its, upload, _ in self._line.multiparts(key):
            try:
                self._line.ask("abort_multipart_upload", Key=its, UploadId=upload)
            except NotFoundThere:
                continue

    def older(self, seconds: float) -> Iterator[Name]:
        before = datetime.now(UTC) - timedelta(seconds=seconds)
        last = None
        for found in (self._line.objects, self._line.multiparts):
            for key, _, at in found(self._prefix):
                its = self._read_key(key)
                if its and at < before and its[0] != last:
                    last = its[0]
                    yield last

    def room(self) -> int | None:
        return None

    def used(self) -> Used:
        if time.monotonic() >= self._good_until:
            began = time.monotonic()
            self._known = self._count()
            took = time.monotonic() - began
            self._good_until = began + LISTING_SHARE * took
        return self._known

    def _count(self) -> Used:
        whole: dict[Name, int] = {}
        parts: dict[Name, int] = {}
        for key, size, _ in self._line.objects(self._prefix):
            if (its := self._read_key(key)) is None:
                continue
            name, run, at = its
            if run:
                parts[name] = max(parts.get(name, 0), at)
            else:
                whole[name] = size
        under_way = sum(size for name, size in parts.items() if name not in whole)
        return Used(sum(whole.values()), under_way)

    def _gone_on(self, spool: Spool, rests: list[tuple[int, int, str]], offset: int) -> Shipped:
        """Read the first rest into the spool, and return what was sent before it."""
        if not offset:
            return Shipped(self._part_size)
        if not rests or rests[0][1] != offset:
            raise FileNotFoundError
        try:
            shipped = spool.fill(self._line.stream(rests[0][2], PIECE))
        except ValueError:
            raise FileNotFoundError from None
        if len(shipped.parts) * shipped.size + spool.size != offset:
            raise FileNotFoundError
        return shipped

    def _put_once(self, name: str, its: str) -> None:
        """Put an id where none is; who is faster wins."""
        fields = {"Key": self._prefix + name, "Body": its.encode()}
        try:
            self._line.ask("put_object", **fields, **ONCE)
        except TakenThere:
            return
        except S3Error as refused:
            if refused.code not in {"NotImplemented", "MethodNotAllowed"}:
                raise
            if not self._id_in(name):
                self._line.ask("put_object", **fields)

    def _id_in(self, name: str) -> str:
        try:
            answer = self._line.ask("get_object", Key=self._prefix + name)
        except NotFoundThere:
            return ""
        written = answer["Body"].decode("ascii", "replace").strip()
        return written if ID.fullmatch(written) else ""

    def _key(self, name: Name) -> str:
        written = name.blob_id.hex()
        return f"{self._prefix}{name.shard:x}/{written[:2]}/{written}"

    def _read_key(self, key: str) -> tuple[Name, int, int] | None:
        """Return the blob of an object, and writer and offset if it is a rest, else 0."""
        found = KEY.fullmatch(key.removeprefix(self._prefix))
        if not found:
            return None
        shard, _, blob_id, run, at = found.groups()
        return Name(int(shard, 16), bytes.fromhex(blob_id)), int(run or 0), int(at or 0)
