"""How this process gets memory from the system: it keeps what it frees, up to some MiB.

Files come and go in pieces of 1 MiB.  glibc would give each back and ask for it again, and the
system would clear every page of it: that took more of the processor than all else of an upload.
"""

from __future__ import annotations

import ctypes
from contextlib import suppress

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h
KEPT_BYTES, LARGE_BYTES = 32 * 1024 * 1024, 8 * 1024 * 1024


def keep_memory() -> None:
    """Keep freed memory, up to 32 MiB, for pieces of up to 8 MiB; without glibc do nothing."""
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)
        mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)
