"""The folder in which the processes of one service keep their counters.

Separate from `meters`, because importing prometheus_client takes 40 ms, and making the folder
does not need it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Names the folder to prometheus_client."""
MEMORY = Path("/dev/shm")  # noqa: S108 (a folder of our own is made in it)

LEAST_FREE_BYTES = 16 * 1024 * 1024
"""Every process takes 1 MiB there."""


def new_folder() -> str:
    """Return an empty folder that only we may enter, in memory where the system has room there."""
    has_room = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= LEAST_FREE_BYTES
    return tempfile.mkdtemp(prefix=_prefix(), dir=MEMORY if has_room else None)


def remove(folder: str | None) -> None:
    """Remove the folder if this process made it, not one that forked from us or was told of it."""
    if folder and Path(folder).name.startswith(_prefix()):
        shutil.rmtree(folder, ignore_errors=True)


def _prefix() -> str:
    return f"restante-metrics-{os.getpid()}-"
