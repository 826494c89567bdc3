"""Bodies that are files: read in small pieces while they come, sealed before they are kept."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import gevent
from flask import g, request
from werkzeug.exceptions import ClientDisconnected

from restante.errors import RestanteError
from webapp.http.request import kept, services, settings
from webapp.http.request_size import read_no_more
from webapp.http.streams import Stream

if TYPE_CHECKING:
    from restante.crypto.files import UploadToken
    from restante.store.uploads import Progress

PIECE_BYTES, PIECE_MOST = 65_536, 1024 * 1024
"""What is read at once: more while the line is quick."""
IDLE_SECONDS = 30.0
"""How long a piece of 64 KiB may take: a body has to bring two KiB a second."""
QUICK_SECONDS = 0.25


class Stalled(ClientDisconnected):
    """The body brought too little for too long."""

    code = 408


class _TooSlow(BaseException):
    """A piece took too long.  No Exception: gunicorn then would read no more of the body."""


def receive(upload: UploadToken, offset: int, *, last: bool) -> Progress:
    """Add the request's body to an upload; see `restante.uploading.Uploading.receive`.

    Raises:
        ClientDisconnected: The connection broke; what had come is kept.
        RateLimited, Unavailable: Too many files are on their way.
    """
    try:
        with Stream():
            return services().uploading.receive(upload, offset, read, last=last)
    except (RestanteError, ClientDisconnected, OSError):
        # The rest of the body, perhaps gigabytes, is not read.
        read_no_more()
        raise


def limit() -> str:
    """Return what an upload may be, as the header `Upload-Limit` says it."""
    its = settings()
    return f"max-size={its.files_max}, min-append-size={PIECE_BYTES}"


def read(size: int) -> bytes:
    """Return the next bytes of the body, at most *size*; none only at its end.

    Raises:
        Stalled: Too little came for too long.
        ClientDisconnected: The connection broke.
    """
    piece = kept().get("upload_piece", PIECE_BYTES)
    began = time.monotonic()
    try:
        found = _read(min(piece, size))
    except _TooSlow:
        # The line was quick before.  What came of the larger piece is kept, and may be enough.
        try:
            found = _read(min(PIECE_BYTES, size))
        except _TooSlow:
            raise Stalled from None
    is_quick = time.monotonic() - began < QUICK_SECONDS
    g.upload_piece = min(2 * piece, PIECE_MOST) if is_quick else PIECE_BYTES
    return found


def _read(size: int) -> bytes:
    with gevent.Timeout(IDLE_SECONDS, _TooSlow):
        found: bytes = request.stream.read(size)
    return found
