"""Reads and opens some chunks of a blob: a thread's work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restante.crypto.files import CHUNK_SIZE, FileSeal, chunk_at
from restante.errors import Damaged

if TYPE_CHECKING:
    from restante.blobs import Blobs, Name

BATCH = 16
"""Chunks that are read and opened at a time: 1 MiB."""


def open_batch(
    blobs: Blobs, name: Name, seal: FileSeal, numbers: range, last: int
) -> tuple[list[bytes], bool]:
    """Return the pieces of these chunks up to one that does not open, and whether there is one."""
    raw = memoryview(blobs.read(name, chunk_at(numbers[0]), len(numbers) * CHUNK_SIZE))
    pieces = list[bytes]()
    for place, number in enumerate(numbers):
        chunk = raw[place * CHUNK_SIZE : (place + 1) * CHUNK_SIZE]
        try:
            pieces.append(seal.open(chunk, number, last=number == last))
        except Damaged:
            return pieces, True
    return pieces, False
