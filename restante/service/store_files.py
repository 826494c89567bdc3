"""The files of the embedded store: whether they are all there, and no shorter than they were.

Valkey's manifest lists them: a base file, and the files that were appended to since.
`store.sizes` is our copy of that list, with sizes that were certainly on the disk.  Later a file
can be longer but never shorter, and the list can be newer but never older
(docs/decisions/0049-the-sizes-of-the-stores-files.md).
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import structlog

from restante.service import append_only
from restante.service.data_folder import SIZES, STORE_FOLDER, StoreFailed, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MANIFEST = "appendonly.aof.manifest"
STORE_FILE = re.compile(r"appendonly\.aof\.\d+\.(base|incr)\.(aof|rdb)")
LINE = re.compile(r"file ([\w.-]+) seq ([1-9]\d*) type ([bhi])(?: size (\d+))?(?: .*)?\n")
STOPPED = re.compile(
    r"(?:reading the (?:append only|RDB base)|Checking RDB) file ([\w.-]+\.(?:aof|rdb))"
)
"""How Valkey names the file that it could not load."""
TWICE = "Duplicated key found in RDB"
"""How Valkey says it of the base file, without its name, before it aborts."""
SNAPSHOT = ".rdb"
"""How a base file ends that is a snapshot; one of an earlier version has commands (`.aof`)."""
SNAPSHOT_END = re.compile(rb"\xff(?!\0{8})[\s\S]{8}")
"""End mark and CRC64.  The store checks the CRC64 as it loads, but not one of zeros."""

_log = structlog.get_logger()


class _Part(NamedTuple):
    """One file of the list; its kind is b (base), i (appended since) or h (to be removed)."""

    name: str
    seq: int
    kind: str
    size: int


class StoreFiles:
    """The store's files in one data folder, which this process must have locked."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._folder = data_dir / STORE_FOLDER
        self._manifest = self._folder / MANIFEST
        self._sizes = data_dir / SIZES
        self._last_note = ""
        self._noted_list: tuple[int, int] | None = None

    def check(self) -> None:
        """Compare the files with the last note, and remove those that the manifest does not name.

        Raises:
            StoreFailed: One is missing, shorter than it was, or older.
        """
        noted = self._read(self._sizes)
        listed = self._read(self._manifest)
        if listed is None:
            if noted or any(self._folder.glob("appendonly.aof.*")):
                self._refuse(f"{self._manifest} is missing, the list of the store's files")
            return
        if not any(part.kind != "h" for part in listed):
            self._refuse(f"{self._manifest} names no file")
        for part in listed:
            if part.kind != "h" and not (self._folder / part.name).is_file():
                self._refuse(f"{self._folder / part.name} is missing")
        if noted is None:
            _log.warning("sizes of the store files unknown", folder=str(self._folder))
        else:
            self._compare(listed, noted)
        for part in listed:
            if part.kind == "b" and part.name.endswith(SNAPSHOT):
                self._check_end(self._folder / part.name)
        if noted is not None:
            self._remove_unlisted({part.name for part in listed})

    def note(self, confirm: Callable[[], bool]) -> None:
        """Write down the sizes of the files, if *confirm* returns true: the store answers.

        It is called after the sizes were read.  Under `appendfsync always`, a store that answers
        has fsynced everything that it began to write before it was asked.
        """
        # A rewrite may remove a file meanwhile, or the disk is full; the last note stays true.
        with suppress(OSError, StoreFailed):
            seen = self._state_of_list()
            sizes = "".join(
                f"file {part.name} seq {part.seq} type {part.kind}"
                f" size {(self._folder / part.name).stat().st_size}\n"
                for part in self._read(self._manifest) or ()
                if part.kind != "h"
            )
            if sizes and sizes != self._last_note and confirm():
                write(self._sizes, sizes)
                self._last_note, self._noted_list = sizes, seen

    def has_new_list(self) -> bool:
        """Tell whether the manifest has changed since the last note, as each rewrite does."""
        with suppress(OSError):
            return self._state_of_list() != self._noted_list
        return False

    def mend(self, said: str) -> bool:
        """Cut a torn end off the file that the store could not load; tell whether there was one.

        *said* is what the store printed before it ended.

        Raises:
            StoreFailed: The file is damaged otherwise.
        """
        listed = [part for part in self._read(self._manifest) or () if part.kind != "h"]
        if found := STOPPED.search(said):
            path = self._folder / found[1]
        elif TWICE in said:
            path = self._folder / next(part.name for part in listed if part.kind == "b")
        else:
            return False
        if path.name.endswith(SNAPSHOT):
            self._refuse(f"{path} is damaged: its form or its checksum is wrong")
        noted = {part.name: part.size for part in self._read(self._sizes) or ()}
        place, torn = append_only.whole_until(path)
        size = path.stat().st_size
        is_last = listed[-1].kind == "i" and listed[-1].name == path.name
        if not (is_last and torn and noted.get(path.name, 0) <= place < size):
            self._refuse(
                f"{path} is damaged in the middle: from byte {place} of {size} on it cannot be read"
            )
        with path.open("r+b") as file:
            file.truncate(place)
            os.fsync(file.fileno())
        _log.warning("torn end of a store file cut", file=str(path), at=place, bytes=size - place)
        return True

    def _check_end(self, snapshot: Path) -> None:
        with snapshot.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - 9, 0))
            if not SNAPSHOT_END.fullmatch(file.read()):
                self._refuse(f"{snapshot} is damaged: its end, with the checksum, is missing")

    def _compare(self, listed: list[_Part], noted: list[_Part]) -> None:
        sizes = {part.name: (self._folder / part.name).stat().st_size for part in listed}
        names = {part.name for part in listed}
        same_base = _base(listed) == _base(noted)
        if (
            _base(listed) < _base(noted)
            or _newest(listed) < _newest(noted)
            or (same_base and any(part.name not in names for part in noted))
        ):
            self._refuse(f"{self._manifest} is older than the store was")
        for part in noted:
            if part.name in names and sizes[part.name] < part.size:
                self._refuse(
                    f"{self._folder / part.name} has {sizes[part.name]} bytes and had {part.size}"
                )

    def _remove_unlisted(self, names: set[str]) -> None:
        """Remove what a killed rewrite left: the store never reads or rewrites these files."""
        unlisted = [
            path
            for path in self._folder.iterdir()
            if STORE_FILE.fullmatch(path.name) and path.name not in names
        ]
        for path in unlisted:
            path.unlink()
        if unlisted:
            _log.warning("unlisted store files removed", files=[path.name for path in unlisted])

    def _read(self, path: Path) -> list[_Part] | None:
        """Return the files in the manifest or the note at *path*; None if it does not exist."""
        try:
            lines = path.read_text("ascii").splitlines(keepends=True)
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError):
            lines = []
        found = [LINE.fullmatch(line) for line in lines]
        parts = [_Part(m[1], int(m[2]), m[3], int(m[4] or 0)) for m in found if m]
        if not parts or len(parts) < len(lines):
            self._refuse(f"{path} cannot be read, the list of the store's files")
        return parts

    def _state_of_list(self) -> tuple[int, int]:
        found = self._manifest.stat()
        return found.st_ino, found.st_mtime_ns

    def _refuse(self, what: str) -> NoReturn:
        message = (
            f"{what}. Started with what is left, the store could open again what was read or"
            " recalled. If you can get the files back exactly as they were at the end, put them"
            " there and start again; an older copy will not do. Otherwise the messages are lost:"
            f" move everything except root.keys out of {self._data_dir}, start, and tell your"
            " senders. Cut or edit no file by hand"
        )
        raise StoreFailed(message)


def _base(parts: list[_Part]) -> int:
    return max((part.seq for part in parts if part.kind == "b"), default=0)


def _newest(parts: list[_Part]) -> int:
    return max((part.seq for part in parts if part.kind == "i"), default=0)
