"""Reads multipart forms (RFC 7578), which browsers send from pages with a field for a file.

Werkzeug's decoder finds the parts.  Its own form parser would put files on the disk and replace
what is not UTF-8; here all stays in memory, and a text that is not UTF-8 is an error.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from werkzeug.datastructures import FileStorage
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder

if TYPE_CHECKING:
    from werkzeug.sansio.multipart import Event

MULTIPART = "multipart/form-data"
BOUNDARY_MOST = 200

Fields = list[tuple[str, str]]
Files = list[tuple[str, FileStorage]]


def read(raw: bytes, boundary: str, most: int) -> tuple[Fields, Files]:
    """Return the fields and the chosen files, at most so many; fields without a file are left out.

    Raises:
        ValueError: It is not a whole multipart form, or a text is not UTF-8.
        RequestEntityTooLarge: It has more parts.
    """
    if not 1 <= len(boundary) <= BOUNDARY_MOST:
        message = "no boundary"
        raise ValueError(message)
    decoder = MultipartDecoder(boundary.encode("ascii"), max_parts=most)
    decoder.receive_data(raw)
    decoder.receive_data(None)
    fields, files = Fields(), Files()
    part: Event | None = None
    while not isinstance(event := decoder.next_event(), Epilogue):
        match part, event:
            case Field(name=str(name)), Data(data=data):
                fields.append((name, data.decode()))
            case File(name=str(name), filename=filename), Data(data=data) if filename or data:
                files.append((name, FileStorage(BytesIO(data), filename, name)))
        part = event
    return fields, files
