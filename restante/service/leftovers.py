"""Cleans up after a killed store: ends its rewriting child, removes half-written files.

A rewrite of the append-only file runs in a child of the store and writes to `temp-…`.  Both
survive when the store is killed, and the file would keep every wrapped key of that time.
"""

from __future__ import annotations

import os
import re
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from restante.service.data_folder import STORE_FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDERS = (".", STORE_FOLDER)
TEMPORARY = re.compile(r"temp-(?:\D*-)?(\d+)\b.*|temp-.*")
"""The store's names of temporary files; the number is the pid of the process that writes."""
END_SECONDS = 5.0


def end_orphans(lock: Path, program: Path) -> None:
    """Kill store processes that hold the folder's lock, if no other program holds it.

    The supervisor of a store holds the lock, too; without a supervisor they are orphans.
    """
    deadline = time.monotonic() + END_SECONDS
    while time.monotonic() < deadline:
        # A process that has just ended has no program any more.
        programs = {pid: its for pid in _holders(lock) if (its := _program(pid))}
        if not programs or set(programs.values()) != {program}:
            return
        for pid in programs:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def sweep(data_dir: Path, *, store_runs: bool) -> int:
    """Remove half-written files; while the store runs, only those whose writer has ended.

    Returns how many were removed.
    """
    removed = 0
    for folder in FOLDERS:
        with suppress(FileNotFoundError, NotADirectoryError):
            for entry in list(os.scandir(data_dir / folder)):
                written = TEMPORARY.fullmatch(entry.name)
                if written is None or not entry.is_file(follow_symlinks=False):
                    continue
                if store_runs and (written[1] is None or Path(f"/proc/{written[1]}").exists()):
                    continue
                with suppress(FileNotFoundError):
                    Path(entry.path).unlink()
                    removed += 1
    return removed


def _holders(path: Path) -> Iterator[int]:
    """Yield the other processes that have *path* open, if we may see them."""
    try:
        wanted = path.stat()
    except OSError:
        return
    for folder in Path("/proc").glob("[0-9]*"):
        if int(folder.name) == os.getpid():
            continue
        with suppress(OSError):
            if any(_is(path, wanted) for path in (folder / "fd").iterdir()):
                yield int(folder.name)


def _is(path: Path, wanted: os.stat_result) -> bool:
    try:
        return os.path.samestat(path.stat(), wanted)
    except OSError:
        return False


def _program(pid: int) -> Path | None:
    try:
        return Path(f"/proc/{pid}/exe").readlink()
    except OSError:
        return None
