"""The command's files: written whole or not at all, for this user only."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click

from restante_client.command.exits import CANNOT_WRITE, Failure
from restante_client.command.texts import _

if sys.platform != "win32":
    import fcntl


def state_folder() -> Path:
    """Return the folder of the files; it may not exist yet."""
    if written := os.environ.get("RESTANTE_CLIENT_STATE"):
        return Path(written)
    if os.name == "posix" and sys.platform != "darwin":
        home = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
        return Path(home).expanduser() / "restante"
    return Path(click.get_app_dir("restante"))


class Store:
    """One JSON file in the folder, with a lock against other commands at the same time."""

    def __init__(self, name: str, empty: dict[str, Any]) -> None:
        self.path = state_folder() / name
        self._empty = empty

    def read(self) -> dict[str, Any]:
        """Return what is in the file.

        Raises:
            Failure: It cannot be read, or is not ours.
        """
        try:
            found = json.loads(self.path.read_text("utf-8"))
        except FileNotFoundError:
            return {**self._empty}
        except (OSError, ValueError):
            raise Failure(_("{path} cannot be read.", path=self.path), CANNOT_WRITE) from None
        if not isinstance(found, dict):
            raise Failure(_("{path} cannot be read.", path=self.path), CANNOT_WRITE)
        return {**self._empty, **found}

    @contextmanager
    def change(self) -> Iterator[dict[str, Any]]:
        """Yield what is in the file, and write it back; on disk when this returns.

        Raises:
            Failure: It cannot be read or written.
        """
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._check_folder()
            with self._lock():
                held = self.read()
                yield held
                self._write(held)
        except OSError:
            raise Failure(_("{path} cannot be written.", path=self.path), CANNOT_WRITE) from None

    def _check_folder(self) -> None:
        """Refuse a folder in which others could put files in place of ours."""
        if os.name != "posix":
            return
        found = self.path.parent.stat()
        if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) or found.st_uid not in {os.geteuid(), 0}:
            told = _("Others can write into {path}: choose another folder, or chmod 700 it.",
                     path=self.path.parent)  # fmt: skip
            raise Failure(told, CANNOT_WRITE)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        if sys.platform == "win32":
            yield
            return
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        lock = os.open(self.path.with_suffix(".lock"), flags, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _write(self, held: dict[str, Any]) -> None:
        # Always this name, so that what a killed command left is written over.
        new = self.path.with_suffix(".new")
        with suppress(FileNotFoundError):
            new.unlink()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
        with os.fdopen(os.open(new, flags, 0o600), "w", encoding="utf-8") as file:
            json.dump(held, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.path)
        if os.name == "posix":
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
