"""How files go up and come down: where to go on, what to believe, when to give up.  No sockets."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import IO, Any

from restante_client import file_verbs, verbs
from restante_client.errors import OffsetWrong, Problem, RateLimited, Superseded, Unreachable
from restante_client.file_verbs import Ticket
from restante_client.files import Upload, UploadProgress
from restante_client.retries import OK, Again, Answer, Loss, Policy, Tries
from restante_client.unfit import Unfit
from restante_client.verbs import Verb

BLOCK = 256 * 1024
"""Bytes of a file in memory at a time."""
PIECE = 32 * 1024 * 1024
"""Bytes of a request: many proxies take no longer ones, and some keep them whole."""
LEAST, SLOW_SECONDS = 64 * 1024, 300.0
"""A download that does not bring so much in this time is given up, as one that brings nothing."""
OURS = "its answer is not one of Restante"

OnProgress = Callable[[int, int], object]
"""Gets how many bytes of the file are through, and how many it has."""


def size_of(file: IO[bytes]) -> int:
    """Return how many bytes a file has, and stand at its beginning.

    Raises:
        ValueError: It cannot be read twice, as a broken line may need.
    """
    if not file.seekable():
        message = "a file to upload must be seekable: write it to disk first"
        raise ValueError(message)
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size


def put(into: IO[bytes], part: bytes) -> None:
    """Write all of *part*, also if *into* takes less at a time."""
    view = memoryview(part)
    while view:
        written = into.write(view)
        view = view[len(view) if written is None else written :]


def here(function: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401 (what it returns)
    """Do what can wait for a disk; the client for asyncio does it in a thread."""
    return function(*arguments)


class Uploading:
    """One file on its way up."""

    def __init__(
        self, upload: Upload, policy: Policy, now: Callable[[], float], told: OnProgress | None
    ) -> None:
        self._upload, self._policy, self._now = upload, policy, now
        self._told = told or (lambda _at, _size: None)
        self._tries = self._new_tries()
        self._furthest = -1
        self.at = 0
        """Where the next request begins; while one runs, what is given to the line of it."""
        self.left = 0
        """Bytes of this request that are not read yet."""
        self.is_whole = False

    def _new_tries(self) -> Tries[Any]:
        return Tries(file_verbs.upload_progress(self._upload.token), self._policy, self._now)

    def verb(self) -> Verb[UploadProgress]:
        """Return the next request; its body are the next `left` bytes of the file."""
        self.left = min(PIECE, self._upload.size - self.at)
        is_last = self.at + self.left == self._upload.size
        return file_verbs.append(self._upload.token, self.at, self.left, is_last=is_last)

    def read(self, block: bytes) -> bytes:
        """Note a block of the file that goes out next.

        Raises:
            ValueError: The file ends before the size that was said.
        """
        if not block:
            message = "the file became shorter while it was sent"
            raise ValueError(message)
        self.left -= len(block)
        self.at += len(block)
        self._told(self.at, self._upload.size)
        return block

    def took(self, progress: UploadProgress) -> float:
        """Go on where the service says, after a request; return how many seconds to wait before.

        Raises:
            Unreachable: Again and again it takes nothing.
        """
        if self.found(progress):
            return 0.0
        step = self._tries.judge(Loss("it takes nothing of the file", was_sent=True))
        return step.wait if isinstance(step, Again) else 0.0

    def found(self, progress: UploadProgress) -> bool:
        """Go on where the service says; tell whether that is further than ever."""
        size = self._upload.size
        if progress.offset > size or (progress.is_whole and progress.offset != size):
            raise Unreachable(OURS, may_have_happened=True)
        self.at, self.is_whole = progress.offset, progress.is_whole
        self._told(self.at, size)
        is_further = self.at > self._furthest or self.is_whole
        if is_further:
            self._furthest, self._tries = self.at, self._new_tries()
        return is_further

    def lost(self, error: Unreachable | Problem) -> float:
        """Return how many seconds to wait before asking how far it came.

        Raises:
            Unreachable, Problem: It is of no use.
        """
        if isinstance(error, Unreachable):
            step = self._tries.judge(Loss(error.reason, was_sent=error.may_have_happened))
            return step.wait if isinstance(step, Again) else 0.0
        if isinstance(error, OffsetWrong | Superseded | RateLimited) or error.is_passing:
            return self._tries.refused(error).wait
        raise error


class Downloading:
    """One file on its way down, from a byte on."""

    def __init__(
        self,
        ticket: Ticket,
        size: int,
        start: int,
        policy: Policy,
        now: Callable[[], float],
    ) -> None:
        """*size* is what the service said of the file, in bytes."""
        if not 0 <= start <= size:
            message = f"the file has no byte {start}"
            raise ValueError(message)
        self._ticket, self._size, self._policy, self._now = ticket, size, policy, now
        self._mark: str | None = None
        self._counted, self._since = start, now()
        self.at = start
        self._tries = self._new_tries()
        self.is_whole = start == size > 0

    def _new_tries(self) -> Tries[None]:
        return Tries(file_verbs.fetch(self._ticket, 0, None), self._policy, self._now)

    def verb(self) -> Verb[None]:
        """Return the next request."""
        self._since = self._now()
        return file_verbs.fetch(self._ticket, self.at, self._mark)

    def begins(self, status: int, headers: Mapping[str, str]) -> bool:
        """Tell whether the body that follows is the file from here on; else it is a refusal.

        Raises:
            Unfit: It is something else.
        """
        if status not in OK:
            return False
        range_of = f"bytes {self.at}-{self._size - 1}/{self._size}"
        is_right = (
            (status, headers.get("Content-Range")) == ((206, range_of) if self.at else (200, None))
            and headers.get("Content-Encoding", "identity") == "identity"
            and headers.get("Content-Length", left := str(self._size - self.at)) == left
        )
        mark = headers.get("ETag", "")
        if not is_right or (self._mark and mark != self._mark):
            raise Unfit(OURS)
        self._mark = mark if verbs.VISIBLE.fullmatch(mark) else None
        return True

    def take(self, part: bytes) -> bytes:
        """Return the next bytes of the file.

        Raises:
            Unfit: They are too many, or come too slowly.
        """
        if self.at + len(part) > self._size:
            message = "the file is longer than was told"
            raise Unfit(message)
        self.at += len(part)
        if self.at - self._counted >= LEAST:
            self._counted, self._since = self.at, self._now()
            self._tries = self._new_tries()
        elif self._now() - self._since > SLOW_SECONDS:
            message = "the file comes too slowly"
            raise Unfit(message)
        return part

    def end(self) -> None:
        """Note that the answer is at its end.

        Raises:
            Unfit: The file is not.
        """
        if self.at < self._size:
            message = "the file is cut off"
            raise Unfit(message)
        self.is_whole = True

    def lost(self, outcome: Loss | Answer) -> float:
        """Return how many seconds to wait before going on.

        Raises:
            Unreachable, Problem: It is of no use.
        """
        step = self._tries.judge(outcome)
        return step.wait if isinstance(step, Again) else 0.0
