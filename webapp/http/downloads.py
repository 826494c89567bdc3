"""Answers that are files: whole or a part, opened while they are sent."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

import structlog
from flask import Response, request

from restante.errors import RestanteError
from restante.logs import error_fields
from webapp.http import previews
from webapp.http.request import services
from webapp.http.streams import Stream

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from restante.fetching import Ticket

RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
UNSAFE = re.compile(r"[^A-Za-z0-9 ._()\[\]-]")

log = structlog.get_logger()


class Part(NamedTuple):
    """Which bytes of a file are asked for: from *first* to before *end*."""

    first: int
    end: int


def answer(ticket: Ticket, number: int, *, to_show: bool = False) -> Response:
    """Return a file, or what `Range` asks for; to be shown, if its kind can be.

    Raises:
        NotFound, Gone, TakenOut, Damaged, Unavailable: See `restante.fetching.Fetching.open`.
    """
    fetching = services().fetching
    file = fetching.open(ticket, number)
    kind = None
    if to_show and previews.may_show(file.type, file.size):
        first = fetching.beginning(ticket, file, previews.BEGINNING)
        kind = previews.kind_of(file.type, file.size, first)
    mark = f'"{hashlib.sha256(file.blob_id).hexdigest()[:32]}"'
    part = _part(file.size, mark)
    response = Response(status=200)
    headers = response.headers
    headers["Accept-Ranges"] = "bytes"
    headers["ETag"] = mark
    headers["X-Accel-Buffering"] = "no"
    headers["Content-Disposition"] = disposition(file.name, "inline" if kind else "attachment")
    response.content_type = kind.media_type if kind else "application/octet-stream"
    if kind:
        headers["Content-Security-Policy"] = kind.policy
    if part is None:
        response.status_code = 416
        headers["Content-Range"] = f"bytes */{file.size}"
        return response
    if part != (0, file.size):
        response.status_code = 206
        headers["Content-Range"] = f"bytes {part.first}-{part.end - 1}/{file.size}"
    headers["Content-Length"] = str(part.end - part.first)
    if request.method != "HEAD":
        pieces = fetching.stream(ticket, file, part.first, part.end)
        response.response = Breaking(pieces)
    return response


def disposition(name: str, kind: str = "attachment") -> str:
    """Return the header for a file of this name (RFC 6266, with RFC 8187 for other scripts)."""
    plain = UNSAFE.sub("_", name)
    written = f'{kind}; filename="{plain}"'
    return written if plain == name else f"{written}; filename*=UTF-8''{quote(name, safe='')}"


class Breaking:
    """The bytes of an answer.  If they end early, the connection breaks."""

    def __init__(self, pieces: Generator[bytes]) -> None:
        """Count it among the files on their way.

        Raises:
            RateLimited, Unavailable: There are too many.
        """
        self._pieces = pieces
        self._stream = Stream()

    def close(self) -> None:
        """Stop, if the line broke before the end."""
        try:
            self._pieces.close()
        finally:
            self._stream.close()

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._pieces
        except RestanteError as error:
            log.info("download stopped", code=error.code, **error_fields(error))
            raise StopDownload from None


class StopDownload(OSError):
    """Breaks the connection of a download that must not go on."""


def _part(size: int, mark: str) -> Part | None:
    """Return what is asked for; None if there is no such part."""
    found = RANGE.fullmatch(request.headers.get("Range", ""))
    condition = request.headers.get("If-Range")
    if not found or found.group(0) == "bytes=-" or (condition is not None and condition != mark):
        return Part(0, size)
    first, last = found.groups()
    if not first:
        many = min(int(last), size)
        return Part(size - many, size) if many else None
    end = min(int(last) + 1, size) if last else size
    if int(first) >= size:
        return None
    return Part(int(first), end) if int(first) < end else Part(0, size)
