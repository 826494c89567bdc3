"""Bodies that are files: read in small pieces while they come, sealed before they are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gevent
from flask import request
from werkzeug.exceptions import ClientDisconnected

from restante.errors import RestanteError
from webapp.http.request import services, settings
from webapp.http.request_size import read_no_more

if TYPE_CHECKING:
    from restante.crypto.files import UploadToken
    from restante.store.uploads import Progress

PIECE_BYTES = 65_536
IDLE_SECONDS = 30.0
"""How long a body may bring nothing."""


class Stalled(ClientDisconnected):
    """The body brought nothing for too long."""

    code = 408


def receive(upload: UploadToken, offset: int, *, last: bool) -> Progress:
    """Add the request's body to an upload; see `restante.uploading.Uploading.receive`.

    Raises:
        ClientDisconnected: The connection broke; what had come is kept.
    """
    try:
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
    """Return the next bytes of the body, fewer than *size* only at its end.

    Raises:
        Stalled: Nothing came for too long.
        ClientDisconnected: The connection broke.
    """
    found = bytearray()
    while len(found) < size:
        try:
            with gevent.Timeout(IDLE_SECONDS):
                more = request.stream.read(min(PIECE_BYTES, size - len(found)))
        except gevent.Timeout:
            raise Stalled from None
        if not more:
            break
        found += more
    return bytes(found)
