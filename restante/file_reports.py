"""What readers and senders see of a message's files, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class ListedFile(NamedTuple):
    """A file as its reader sees it.

    Attributes:
        number: From 1; those of files that were taken out before are left out.
        size: In bytes.
        type: Its media type, as the sender's program said.
        taken_out_at: When the sender took it out, if the reader had opened the message before.
    """

    number: int
    name: str
    size: int
    type: str
    taken_out_at: int | None = None


class SentFile(NamedTuple):
    """A file of one version, as its sender sees it: *number* from 1, *size* in bytes."""

    number: int
    name: str
    size: int
    taken_out_at: int | None = None


class Fetch(StrEnum):
    """How far the readers of a link came with a file.

    `not_started`: nobody was sent anything of it.  `started`: perhaps they have all of it.
    """

    FETCHED = "fetched"
    STARTED = "started"
    NOT_STARTED = "not_started"


class Fetched(NamedTuple):
    """A file as its sender sees it at one link.

    Attributes:
        number: From 1.
        sent: How many bytes one reader was sent, the one who got furthest; None if none began.
        taken_out_at: When the sender took it out.
    """

    number: int
    name: str
    size: int
    sent: int | None
    taken_out_at: int | None = None

    @property
    def is_whole(self) -> bool:
        return self.sent is not None and self.sent >= self.size

    @property
    def fetch(self) -> Fetch:
        """How far its readers came."""
        if self.is_whole:
            return Fetch.FETCHED
        return Fetch.NOT_STARTED if self.sent is None else Fetch.STARTED


@dataclass(frozen=True, slots=True)
class FileVerdict:
    """What was sent of a file through one link before it was taken out."""

    link_id: bytes
    recipient: str | None
    file: Fetched


@dataclass(frozen=True, slots=True)
class TakenFile:
    """A file that its sender took out of a version, with a verdict for each link that has it.

    Attributes:
        taken_out_at: Of the first request, also if it is repeated.
    """

    version: int
    number: int
    name: str
    taken_out_at: int
    verdicts: tuple[FileVerdict, ...]
