"""Where sealed files are kept: one port, and an adapter for each kind of place."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator


class Name(NamedTuple):
    """Names a blob: the shard of its message, and its 16 bytes."""

    shard: int
    blob_id: bytes


class Used(NamedTuple):
    """How many bytes blobs take: those that are complete, and those under way."""

    whole: int
    under_way: int


class Part(Protocol):
    """A blob under way, as one writer has it open.

    All methods may block on the disk or the network.
    """

    sync_factor: int
    """How many times less often it wants to be synced than a file on a disk."""

    def write(self, at: int, data: bytes) -> None:
        """Write *data* at this place, behind what was written; between `lock` and `unlock` only."""

    def lock(self) -> None:
        """Wait until no other writer is writing.

        Raises:
            FileExistsError: It is complete, or another file has its name now.
            TimeoutError: Another writer took too long.
        """

    def unlock(self) -> None:
        """Let others write."""

    def sync(self) -> None:
        """Return once all that was written is safely kept, for a writer at any machine."""

    def finish(self, size: int) -> None:
        """Cut the blob to *size* bytes and give it its name; return once that is safely kept.

        Raises:
            FileExistsError: Another file has that name.
        """

    def close(self) -> None:
        """Let go of it; what is safely kept stays."""


class Blobs(Protocol):
    """A place for blobs.  All methods may block on the disk or the network.

    OSError of any kind means that the place does not work now.
    """

    def place(self) -> str:
        """Return the id of this place; "" if it has none."""

    def propose(self) -> str:
        """Return an id for a place that is new and empty, always the same; "" if it is not."""

    def settle(self) -> None:
        """Make the proposed id the place's."""

    def part(self, name: Name, offset: int, run: int) -> Part:
        """Open a blob under way for writer *run*; *offset* bytes are safe.  At 0, make it.

        Raises:
            FileExistsError: It is complete.
            FileNotFoundError: It is not there, or shorter than that.
        """

    def read(self, name: Name, at: int, size: int) -> bytes:
        """Return up to *size* bytes of a complete blob.

        Raises:
            FileNotFoundError: There is none.
        """

    def size(self, name: Name) -> int:
        """Return the length of a complete blob.

        Raises:
            FileNotFoundError: There is none.
        """

    def delete(self, name: Name) -> None:
        """Delete what is there of a blob; return once that is safely kept."""

    def older(self, seconds: float) -> Iterator[Name]:
        """Yield what has not changed for so long, complete or not."""

    def room(self) -> int | None:
        """Return how many bytes are free; None if nobody can tell."""

    def used(self) -> Used:
        """Return how many bytes all blobs take."""
