"""Sums the counters of all processes of one service, from the files of each."""

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
"""Kinds of metrics, for each of which prometheus_client has a file per process."""
RESERVED_BYTES = 512 * 1024
"""Several times the size that our labels need."""


class AllProcesses(Collector):
    """Sums the files of all processes, also of those that have ended."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        # A new process creates its file first and fills it later.
        files = [str(file) for file in self._folder.glob("*.db") if file.stat().st_size]
        metrics: Iterable[Metric] = MultiProcessCollector.merge(files)
        return metrics


def claim(folder: Path) -> BinaryIO:
    """Take a set of files for the counters of this process, and return its lock.

    When a process ends, however it ends, its set is free, and the next process continues it.  So
    the sums keep the counts of ended processes, and there are never more sets than processes at
    once.

    The files are memory-mapped.  If the disk fills up later, a write raises SIGBUS, which kills the
    process; so reserve the space now.

    Raises:
        OSError: There is not enough space.
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
