"""A new file for a text: whole or not there, for this user only, never in place of another."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Self

from restante_client.command.exits import CANNOT_WRITE, Failure
from restante_client.command.texts import _

OPEN_FILES = Path("/proc/self/fd")


class NewFile:
    """A file that has no name until its text is on disk, so that a killed command leaves none."""

    def __init__(self, path: str) -> None:
        """Make it where *path* will be.

        Raises:
            Failure: It cannot be made there.
        """
        self._path = Path(path)
        self._name: str | None = None
        try:
            self._file = os.fdopen(self._nameless(), "wb")
        except OSError:
            told = _("{path} cannot be written. Nothing was opened.", path=path)
            raise Failure(told, CANNOT_WRITE) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._file.close()
        if self._name:
            with suppress(OSError):
                os.unlink(self._name)  # noqa: PTH108 (a temporary name)

    def put(self, text: bytes) -> None:
        """Write the text and give the file its name; fine if a file with this text has it.

        Raises:
            Failure: It cannot be written, or another file has the name by now.
        """
        try:
            self._file.write(text)
            self._file.flush()
            os.fsync(self._file.fileno())
            try:
                self._link()
            except FileExistsError:
                # An earlier start wrote it, and was killed before it could say so.
                if self._path.is_symlink() or self._path.read_bytes() != text:
                    raise
        except OSError:
            told = _(
                "{path} cannot be written. Run the command again: the view is kept for a while.",
                path=self._path,
            )
            raise Failure(told, CANNOT_WRITE) from None

    def _nameless(self) -> int:
        if hasattr(os, "O_TMPFILE") and OPEN_FILES.is_dir():
            # Some file systems have no files without a name.
            with suppress(OSError):
                return os.open(self._path.parent, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        handle, self._name = tempfile.mkstemp(dir=self._path.parent, prefix=".restante-")
        return handle

    def _link(self) -> None:
        if self._name:
            os.link(self._name, self._path)
            return
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            # With a folder the call follows the link that an open file is.
            os.link(OPEN_FILES / str(self._file.fileno()), self._path, src_dir_fd=folder)
            os.fsync(folder)
        finally:
            os.close(folder)
