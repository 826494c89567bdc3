"""Files of a message, saved into a folder: whole or as a part, never in place of another file.

While a file comes, it is `NAME.<mark>.part`; the mark is of the view, so a command that was killed
finds its own part again, and no other.  The name is given when all is on disk.  The parts stay as
second names until the message is done with, so that nothing is saved twice.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from restante_client import Reading
from restante_client.command import output
from restante_client.command.exits import CANNOT_WRITE, Failure
from restante_client.command.progress import Transfer
from restante_client.command.sizes import size_of
from restante_client.command.texts import _
from restante_client.errors import FileTakenOut
from restante_client.file_names import NAME_MAX, cut, numbered
from restante_client.files import File

SAFE_EVERY = 8 * 1024 * 1024
"""Bytes after which a part is written through to the disk; behind the last of them a part of a
command that was killed, perhaps with its machine, is not believed."""
NAMES_MOST = 1_000


class Folder:
    """The folder of `--files`."""

    def __init__(self, path: str) -> None:
        """Make it, if only it itself is missing, and see whether files can be made in it.

        Raises:
            Failure: They cannot.
        """
        self._path = Path(path)
        try:
            self._path.mkdir(mode=0o700, exist_ok=True)
            with tempfile.TemporaryFile(dir=self._path):
                pass
        except OSError:
            told = _("{path} cannot be written. Nothing was opened.", path=path)
            raise Failure(told, CANNOT_WRITE) from None

    def save(
        self, reading: Reading, files: Sequence[File], reader_key: str
    ) -> Iterator[Path | None]:
        """Fetch files, and yield where each is saved, once it is; None if it was taken out.

        Raises:
            Failure: There is no room, or a file cannot be written.
        """
        need = sum(its.size - self._there(self._part(its, reader_key)) for its in files)
        if need > shutil.disk_usage(self._path).free:
            told = _("There is no room for {size} of files.", size=size_of(need))
            raise self._failure(told)
        for its in files:
            part = self._part(its, reader_key)
            try:
                saved = self._save(reading, its, part)
            except FileTakenOut:
                part.unlink(missing_ok=True)
                saved = None
            except OSError:
                raise self._failure(_("{path} cannot be written.", path=self._path)) from None
            yield saved

    def forget_parts(self, reader_key: str) -> None:
        """Remove the parts of files that have their names."""
        with suppress(OSError):
            for part in self._path.glob(f"*.{_mark(reader_key)}-*.part"):
                if part.lstat().st_nlink > 1:
                    part.unlink()

    def _failure(self, told: str) -> Failure:
        again = _("Run the command again: the view is kept for a while.")
        return Failure(f"{told} {again}", CANNOT_WRITE)

    def _part(self, its: File, reader_key: str) -> Path:
        ending = f".{_mark(reader_key)}-{its.number}.part"
        return self._path / (cut(its.name, most=NAME_MAX - len(ending)) + ending)

    def _there(self, part: Path) -> int:
        try:
            return part.lstat().st_size
        except OSError:
            return 0

    def _save(self, reading: Reading, its: File, part: Path) -> Path:
        with _opened(part) as file:
            start = _start(file, its.size)
            if start < its.size or its.size == 0:
                file.truncate(start)
                file.seek(start)
                _fetch(reading, its, file, start)
            return self._named(part, its.name)

    def _named(self, part: Path, name: str) -> Path:
        """Give a whole part the first name that is free, or that it has already."""
        for number in range(1, NAMES_MOST):
            path = self._path / (name if number == 1 else numbered(name, number))
            try:
                os.link(part, path, follow_symlinks=False)
            except FileExistsError:
                if not path.is_symlink() and path.samefile(part):
                    return path
            except OSError:
                if _moved(part, path):  # a file system without second names
                    return path
            else:
                _sync(self._path)
                return path
        raise FileExistsError


def _mark(reader_key: str) -> str:
    return hashlib.sha256(reader_key.encode()).hexdigest()[:12]


def _opened(part: Path) -> IO[bytes]:
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    file = os.fdopen(os.open(part, flags | getattr(os, "O_BINARY", 0), 0o600), "r+b")
    its = os.fstat(file.fileno())
    if not stat.S_ISREG(its.st_mode) or (os.name == "posix" and its.st_uid != os.geteuid()):
        file.close()
        raise PermissionError
    return file


def _start(file: IO[bytes], size: int) -> int:
    """Return where an earlier start stopped, as far as that is surely on disk."""
    there = os.fstat(file.fileno())
    if there.st_size == size and there.st_nlink > 1:
        return size
    return 0 if there.st_size > size else there.st_size - there.st_size % SAFE_EVERY


def _fetch(reading: Reading, its: File, file: IO[bytes], start: int) -> None:
    with Transfer(_("Fetching {name}", name=its.name), its.size, start) as shown:
        into = _Safe(file, start)
        reading.fetch(its, into, start=start, on_progress=shown.reached)  # type: ignore[arg-type]
        into.safe()


class _Safe:
    """A file that is written through to the disk at fixed places."""

    def __init__(self, file: IO[bytes], at: int) -> None:
        self._file, self._at = file, at

    def write(self, part: Any) -> int:  # noqa: ANN401 (bytes of any kind)
        part = part[: SAFE_EVERY - self._at % SAFE_EVERY]
        self._file.write(part)
        self._at += len(part)
        if self._at % SAFE_EVERY == 0:
            self.safe()
        return len(part)

    def safe(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())


def _moved(part: Path, path: Path) -> bool:
    """Give a part its name alone; False if another file has it."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return False
    part.replace(path)
    _sync(path.parent)
    return True


def _sync(folder: Path) -> None:
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def tell_saved(path: Path | None, its: File) -> None:
    """Say where a file is."""
    if path is None:
        output.tell(_("The sender took {name} out of the message.", name=its.name))
    else:
        output.tell(_("Saved {path} ({size}).", path=path, size=size_of(its.size)))
