"""Reads a multipart form part by part while it comes, so that its files need no memory.

Only as browsers write forms; see `multipart.py`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from webapp.http.multipart import BOUNDARY_MOST, DISPOSITION, END, HEAD_MOST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TAKEN = 65_536
ESCAPES = (("%22", '"'), ("%0D", "\r"), ("%0A", "\n"))
TYPE = re.compile(rb"^Content-Type: *([^\r\n]*?) *\r?$", re.IGNORECASE | re.MULTILINE)


class Part:
    """One part of a form: a field, or a file if *file_name* is not None.  It is read once."""

    def __init__(self, parts: Parts, name: str, file_name: str | None, media_type: str) -> None:
        self._parts = parts
        self.name, self.file_name, self.media_type = name, file_name, media_type

    def read(self, size: int) -> bytes:
        """Return the next bytes, fewer than *size* only at the part's end."""
        return self._parts.read(size)

    def skip(self) -> None:
        """Read to the part's end and keep nothing."""
        while self.read(TAKEN):
            pass


class Parts:
    """The parts of a form.  Each is read, or skipped, before the next."""

    def __init__(self, take: Callable[[int], bytes], boundary: str) -> None:
        """*take* returns the next bytes of the body, and none at its end.

        Raises:
            ValueError: It has no boundary that a browser would write.
        """
        if not (1 <= len(boundary) <= BOUNDARY_MOST and boundary.isascii()):
            raise _malformed()
        self._take = take
        self._mark = END + b"--" + boundary.encode("ascii")
        self._held = bytearray(END)
        self._is_at_end = False

    def __iter__(self) -> Iterator[Part]:
        """Yield the parts.

        Raises:
            ValueError: It is not a whole form, or a name is not UTF-8.
        """
        if self.read(1):
            raise _malformed()
        while self._begins_a_part():
            yield self._part()
            while self.read(TAKEN):
                pass

    def read(self, size: int) -> bytes:
        """Return bytes before the next boundary; see `Part.read`."""
        mark, held = self._mark, self._held
        while not self._is_at_end and len(held) < size + len(mark):
            if held.find(mark, max(0, len(held) - TAKEN - len(mark))) >= 0:
                break
            self._more()
        at = held.find(mark, 0, size + len(mark))
        if at < 0 and len(held) < size + len(mark):
            raise _malformed()
        return self._cut(size if at < 0 else min(at, size))

    def _begins_a_part(self) -> bool:
        """Go behind the boundary; tell whether a part follows."""
        self._cut(len(self._mark))
        self._fill(2)
        behind = self._cut(2)
        if behind not in {END, b"--"}:
            raise _malformed()
        return behind == END

    def _part(self) -> Part:
        while (at := self._held.find(END + END)) < 0:
            if len(self._held) > HEAD_MOST or self._is_at_end:
                raise _malformed()
            self._more()
        head = self._cut(at + 4) if at <= HEAD_MOST else b""
        found = DISPOSITION.search(head)
        if not found:
            raise _malformed()
        kind = TYPE.search(head)
        file = found["file"]
        return Part(
            self,
            found["name"].decode(),
            None if file is None else _unescaped(file.decode()),
            kind[1].decode("ascii", "replace") if kind else "",
        )

    def _fill(self, size: int) -> None:
        while len(self._held) < size and not self._is_at_end:
            self._more()

    def _more(self) -> None:
        more = self._take(TAKEN)
        self._is_at_end = not more
        self._held += more

    def _cut(self, size: int) -> bytes:
        some = bytes(self._held[:size])
        del self._held[:size]
        return some


def _unescaped(name: str) -> str:
    """Return a file's name as it was before the browser escaped three of its characters."""
    for written, its in ESCAPES:
        name = name.replace(written, its)
    return name


def _malformed() -> ValueError:
    message = "not a form as browsers send it"
    return ValueError(message)
