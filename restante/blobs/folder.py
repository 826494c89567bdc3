"""Blobs in a folder: `<shard>/<first byte>/<blob id>`, and `.part` behind it while on its way.

Only one machine may use a folder.  Names are lower case hex; docs/specs/file.md specifies them.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from restante.blobs import Name, Used

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE_MODE, FOLDER_MODE = 0o600, 0o700
PART = ".part"
ID = re.compile(r"[0-9a-f]{32}")
LOCK_TRIES, LOCK_SECONDS = 40, 0.05
ADVISES = hasattr(os, "posix_fadvise")
AHEAD, AHEAD_FROM = 4, 512 * 1024
NAME = re.compile(r"[0-9a-f]{32}(\.part)?")


class FolderPart:
    """A file under way, open for writing."""

    sync_factor = 1

    def __init__(self, path: Path, final: Path, offset: int) -> None:
        self._path, self._final = path, final
        self._is_listed = False
        flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | (0 if offset else os.O_CREAT)
        self._file = os.open(path, flags, FILE_MODE)
        if os.fstat(self._file).st_size < offset:
            os.close(self._file)
            raise FileNotFoundError

    def lock(self) -> None:
        for _ in range(LOCK_TRIES):
            with suppress(BlockingIOError):
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            time.sleep(LOCK_SECONDS)
        else:
            raise TimeoutError
        try:
            same = self._path.stat().st_ino == os.fstat(self._file).st_ino
            if same and not self._final.exists():
                return
        except FileNotFoundError:
            pass
        self.unlock()
        raise FileExistsError

    def unlock(self) -> None:
        fcntl.flock(self._file, fcntl.LOCK_UN)

    def write(self, at: int, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            done = os.pwrite(self._file, rest, at)
            if ADVISES:
                # The system begins to write it to the disk now, so that `sync` has little to do.
                os.posix_fadvise(self._file, at, done, os.POSIX_FADV_DONTNEED)
            at, rest = at + done, rest[done:]

    def sync(self) -> None:
        os.fdatasync(self._file)
        if not self._is_listed:
            _sync_folder(self._path.parent)
            self._is_listed = True

    def finish(self, size: int) -> None:
        os.ftruncate(self._file, size)
        os.fsync(self._file)
        os.link(self._path, self._final)  # a rename would replace what is there
        self._path.unlink()
        _sync_folder(self._path.parent)

    def close(self) -> None:
        os.close(self._file)


@dataclass(frozen=True, slots=True)
class Folder:
    """The adapter for one folder; it is made when it is needed."""

    path: Path

    def place(self) -> str:
        return self._id_in("place")

    def propose(self) -> str:
        if any(True for _ in self._entries()):
            return ""
        self._make(self.path)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with suppress(FileExistsError):
            file = os.open(self.path / "place.new", flags, FILE_MODE)
            try:
                os.write(file, secrets.token_hex(16).encode())
                os.fsync(file)
            finally:
                os.close(file)
        return self._id_in("place.new")

    def settle(self) -> None:
        with suppress(FileNotFoundError):
            (self.path / "place.new").rename(self.path / "place")
        _sync_folder(self.path)

    def part(self, name: Name, offset: int, run: int) -> FolderPart:  # noqa: ARG002 (it has a lock)
        final = self._final(name)
        if final.exists():
            raise FileExistsError
        if not offset:
            self._make(final.parent)
        return FolderPart(final.with_suffix(PART), final, offset)

    def read(self, name: Name, at: int, size: int) -> bytes:
        with self._final(name).open("rb", buffering=0) as file:
            found = os.pread(file.fileno(), size, at)
            while len(found) < size and (
                more := os.pread(file.fileno(), size - len(found), at + len(found))
            ):
                found += more
            if ADVISES and size >= AHEAD_FROM:
                # A download goes on behind it: the next read then need not wait for the disk.
                os.posix_fadvise(file.fileno(), at + size, AHEAD * size, os.POSIX_FADV_WILLNEED)
            return found

    def size(self, name: Name) -> int:
        return self._final(name).stat().st_size

    def delete(self, name: Name) -> None:
        final = self._final(name)
        for path in (final.with_suffix(PART), final):
            path.unlink(missing_ok=True)
        with suppress(FileNotFoundError):
            _sync_folder(final.parent)

    def older(self, seconds: float) -> Iterator[Name]:
        before = time.time() - seconds
        for entry in self._entries():
            with suppress(FileNotFoundError):
                if entry.stat(follow_symlinks=False).st_mtime < before:
                    shard = Path(entry.path).parent.parent.name
                    yield Name(int(shard, 16), bytes.fromhex(entry.name.removesuffix(PART)))

    def room(self) -> int | None:
        path = self.path
        while not path.exists():
            path = path.parent
        its = os.statvfs(path)
        return its.f_bavail * its.f_frsize

    def used(self) -> Used:
        whole = under_way = 0
        for entry in self._entries():
            with suppress(FileNotFoundError):
                size = entry.stat(follow_symlinks=False).st_size
                if entry.name.endswith(PART):
                    under_way += size
                else:
                    whole += size
        return Used(whole, under_way)

    def _make(self, folder: Path) -> None:
        """Make a folder and those above it that are missing, safely."""
        if folder.exists():
            return
        if folder != self.path:
            self._make(folder.parent)
        folder.mkdir(FOLDER_MODE, parents=True, exist_ok=True)
        _sync_folder(folder.parent)

    def _id_in(self, name: str) -> str:
        try:
            written = (self.path / name).read_text("ascii").strip()
        except (FileNotFoundError, UnicodeDecodeError):
            return ""
        return written if ID.fullmatch(written) else ""

    def _entries(self) -> Iterator[os.DirEntry[str]]:
        for shard in _folders(self.path):
            for first in _folders(Path(shard.path)):
                with suppress(FileNotFoundError), os.scandir(first.path) as entries:
                    yield from (entry for entry in entries if NAME.fullmatch(entry.name))

    def _final(self, name: Name) -> Path:
        written = name.blob_id.hex()
        return self.path / f"{name.shard:x}" / written[:2] / written


def _folders(path: Path) -> list[os.DirEntry[str]]:
    """Return the folders in a folder whose names are hex; none if it is not there."""
    with suppress(FileNotFoundError), os.scandir(path) as entries:
        return [
            entry
            for entry in entries
            if re.fullmatch(r"[0-9a-f]{1,2}", entry.name) and entry.is_dir(follow_symlinks=False)
        ]
    return []


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
