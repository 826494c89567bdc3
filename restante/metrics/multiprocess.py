"""Adds up the counters of all processes of one service, from the files that each keeps."""

from __future__ import annotations

import os
import struct
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING

from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from restante.metrics import shared_folder

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from prometheus_client import Metric


KINDS = ("counter", "histogram")
"""What prometheus_client keeps a file of, by process."""
RESERVED_BYTES = 512 * 1024
"""Several times what our labels take."""


class AllProcesses(Collector):
    """Adds up the files of all processes, the dead ones' too."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        with shared_folder.locked(self._folder, alone=False):
            # A process that begins makes its file first and fills it then.
            files = [str(file) for file in self._folder.glob("*.db") if file.stat().st_size]
            metrics: Iterable[Metric] = MultiProcessCollector.merge(files)
        return metrics


def fold(folder: Path) -> None:
    """Put the files of processes that have ended into one of each type, and delete them.

    Their numbers stay in the sums and their files do not pile up.  Without room for one
    more file they stay as they are.
    """
    with shared_folder.locked(folder, alone=True):
        dead = [file for file in folder.glob("*_*.db") if not _lives(file)]
        for kind in {file.name.partition("_")[0] for file in dead}:
            those = [file for file in dead if file.name.startswith(f"{kind}_")]
            with suppress(OSError):
                _add_up(those, folder / f"{kind}_ended.db")


def reserve(folder: Path) -> None:
    """Take the room for this process's files now; a process that finds none counts nowhere.

    They are written through memory: where that is full later, the system kills who writes.

    Raises:
        OSError: There is no room.
    """
    for kind in KINDS:
        _reserve(folder / f"{kind}_{os.getpid()}.db")


def _reserve(file: Path) -> None:
    with file.open("ab") as opened:
        os.posix_fallocate(opened.fileno(), 0, RESERVED_BYTES)


def _lives(file: Path) -> bool:
    """Tell whether the process that writes this file runs; our own number is taken up again."""
    pid = file.stem.rpartition("_")[2]
    if not pid.isdigit():
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _add_up(files: list[Path], into: Path) -> None:
    sums: dict[str, float] = {}
    for file in chain(files, [into] if into.exists() else []):
        try:
            values = list(MmapedDict.read_all_values_from_file(str(file)))
        except (struct.error, RuntimeError):
            continue  # it died before it counted anything
        for key, value, *_ in values:
            sums[key] = sums.get(key, 0.0) + value
    # Under another name until it is whole; nobody reads before the lock is let go.
    fresh = into.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    _reserve(fresh)
    tally = MmapedDict(str(fresh))
    for key, value in sums.items():
        tally.write_value(key, value, 0.0)
    tally.close()
    fresh.replace(into)
    for file in files:
        file.unlink()
