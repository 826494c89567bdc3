"""All files of a message as one ZIP, made while it is sent: nothing is compressed or kept."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zipfile import ZipFile, ZipInfo

from flask import Response, request

from webapp.http.downloads import Breaking, disposition
from webapp.http.request import services

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from restante.fetching import Fetching, OpenFile, Ticket

PRIVATE = 0o100600 << 16
"""The mode that the files get where a ZIP is unpacked on Unix."""
LOCAL, WIDE_LOCAL, AFTER, WIDE_AFTER, CENTRAL, END, WIDE_END = 30, 20, 16, 24, 46, 22, 76
"""Bytes of a ZIP's parts; the wide ones are those of ZIP64."""


def answer(ticket: Ticket, name: str) -> Response:
    """Return a ZIP of this name with all files that were not taken out.

    Raises:
        NotFound, Gone, TakenOut, Damaged, Unavailable: See `Fetching.open`, of any file.
    """
    fetching = services().fetching
    files = [fetching.open(ticket, its.number) for its in fetching.files(ticket)]
    response = Response(status=200, mimetype="application/zip")
    response.headers["Content-Disposition"] = disposition(name)
    response.headers["Content-Length"] = str(length(files))
    response.headers["X-Accel-Buffering"] = "no"
    if request.method != "HEAD":
        response.response = Breaking(_pieces(fetching, ticket, files))
    return response


def length(files: Sequence[OpenFile]) -> int:
    """Return how many bytes the ZIP has."""
    limit = zipfile.ZIP64_LIMIT
    at = central = 0
    for its in files:
        name, is_wide = len(its.name.encode()), its.size > limit
        wide = 2 * is_wide + (at > limit)
        central += CENTRAL + name + (4 + 8 * wide if wide else 0)
        at += LOCAL + name + its.size
        at += WIDE_LOCAL + WIDE_AFTER if _is_wide(its.size) else AFTER
    return at + central + END + (WIDE_END if max(at, central) > limit else 0)


def _is_wide(size: int) -> bool:
    """Tell whether `zipfile` writes a file of this size as ZIP64: it leaves room."""
    return size * 1.05 > zipfile.ZIP64_LIMIT


def _pieces(fetching: Fetching, ticket: Ticket, files: Sequence[OpenFile]) -> Generator[bytes]:
    sink = _Sink()
    with ZipFile(sink, "w") as archive:  # type: ignore[call-overload] # it only writes
        for file in files:
            info = ZipInfo(file.name, datetime.now(UTC).timetuple()[:6])
            info.file_size, info.external_attr = file.size, PRIVATE
            with archive.open(info, "w") as entry:
                for piece in fetching.stream(ticket, file, 0, file.size):
                    entry.write(piece)
                    yield sink.take()
    yield sink.take()


class _Sink:
    """What a ZIP is written to: it keeps what was written until that is sent."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Do nothing: what was written is taken."""

    def take(self) -> bytes:
        taken, self._parts = b"".join(self._parts), []
        return taken
