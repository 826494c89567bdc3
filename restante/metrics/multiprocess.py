"""Adds up the counters of all processes of one service, from the files that each keeps."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, BinaryIO

from prometheus_client import values
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

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
        # A process that begins makes its file first and fills it then.
        files = [str(file) for file in self._folder.glob("*.db") if file.stat().st_size]
        metrics: Iterable[Metric] = MultiProcessCollector.merge(files)
        return metrics


def claim(folder: Path) -> BinaryIO:
    """Take a set of files for what this process counts from now on, and return its lock.

    The set is free again when the process ends, however it ends: the next one counts on from
    there.  So the sums keep what the dead counted, and there are never more sets than processes
    at once.

    The room is reserved now: the files are memory-mapped, and if the disk fills up later, a write
    kills the process.

    Raises:
        OSError: There is no room.
    """
    for number in count():
        lock = (folder / f"{number}.lock").open("wb")
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        lock.close()
    for kind in KINDS:
        with (folder / f"{kind}_{number}.db").open("ab") as file:
            os.posix_fallocate(file.fileno(), 0, RESERVED_BYTES)
    values.ValueClass = values.MultiProcessValue(lambda: number)
    return lock
