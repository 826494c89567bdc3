"""What the store keeps of a version's files beside the manifest; see lib/75_files.lua.

entries = (blob id (16) || share (32)) for each file, in order; zeros for one that was taken out
taken   = "number=at", with commas between, for each file that was taken out
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from restante.crypto.files import SHARE_SIZE
from restante.crypto.tokens import ID_SIZE

if TYPE_CHECKING:
    from collections.abc import Iterable

ENTRY_SIZE = ID_SIZE + SHARE_SIZE


def entries_of(files: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return the entries of files: for each its blob id and the store's share of its secret."""
    return b"".join(blob_id + share for blob_id, share in files)


def shares_of(entries: bytes) -> tuple[bytes, ...]:
    """Return the store's share of each file's secret, in order."""
    return tuple(
        entries[at + ID_SIZE : at + ENTRY_SIZE] for at in range(0, len(entries), ENTRY_SIZE)
    )


def moments_of(taken: bytes) -> dict[int, int]:
    """Return when files were taken out, by their numbers from 1."""
    pairs = (pair.partition("=") for pair in taken.decode().split(",") if pair)
    return {int(number): int(at) for number, _, at in pairs}
