"""The folder in which all processes of one service keep their counters.

Separate from `meters`, because importing prometheus_client takes 40 ms, and making the folder
does not need it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that tells prometheus_client the folder."""
MEMORY = Path("/dev/shm")  # noqa: S108 (a folder of our own is made in it)

LEAST_FREE_BYTES = 16 * 1024 * 1024
"""Free space that is needed; each process takes 1 MiB."""


def new_folder() -> str:
    """Create an empty, private folder, in memory if there is enough room."""
    has_room = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= LEAST_FREE_BYTES
    return tempfile.mkdtemp(prefix=_prefix(), dir=MEMORY if has_room else None)


def remove(folder: str | None) -> None:
    """Remove the folder if this very process created it, not a parent or a forked child."""
    if folder and Path(folder).name.startswith(_prefix()):
        shutil.rmtree(folder, ignore_errors=True)


def _prefix() -> str:
    return f"restante-metrics-{os.getpid()}-"
