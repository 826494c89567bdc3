"""Reads multipart forms (RFC 7578), which browsers send from pages with a field for a file.

Only as browsers write them (WHATWG, "multipart/form-data encoding algorithm"), in linear time.
Werkzeug's parser would put files on the disk, replace what is not UTF-8, and take seconds for
headers of some megabytes.
"""

from __future__ import annotations

import re
from io import BytesIO

from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge

MULTIPART = "multipart/form-data"
BOUNDARY_MOST, HEAD_MOST = 200, 2_000
END = b"\r\n"
DISPOSITION = re.compile(
    rb'^Content-Disposition: *form-data; *name="(?P<name>[^"\r\n]*)"'
    rb'(?:; *filename="(?P<file>[^"\r\n]*)")? *\r?$',
    re.IGNORECASE | re.MULTILINE,
)

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
    before, *parts = (END + raw).split(END + b"--" + boundary.encode("ascii"), most + 2)
    if len(parts) > most + 1:
        raise RequestEntityTooLarge
    if before or not parts or parts.pop().rstrip() != b"--":
        message = "not a whole form"
        raise ValueError(message)
    fields, files = Fields(), Files()
    for part in parts:
        head, blank, data = part.removeprefix(END).partition(END + END)
        found = DISPOSITION.search(head) if len(head) <= HEAD_MOST else None
        if not (found and blank and part.startswith(END)):
            message = "not a part of a form"
            raise ValueError(message)
        name = found["name"].decode()
        if found["file"] is None:
            fields.append((name, data.decode()))
        elif found["file"] or data:
            files.append((name, FileStorage(BytesIO(data), found["file"].decode(), name)))
    return fields, files
