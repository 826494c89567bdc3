"""Limits of a request: its bytes, its fields, and the time to read it.

A body is read completely before anything else uses it, so that a slow or huge one does not
hold resources that others need.
"""

from __future__ import annotations

import re
import socket
from binascii import a2b_qp
from contextlib import suppress
from typing import IO, TYPE_CHECKING

import gevent
from flask import Request, abort, g, request
from gunicorn.http.errors import ParseException
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import HTTPException
from werkzeug.formparser import FormDataParser

from webapp.http import multipart
from webapp.http.errors import NotUtf8
from webapp.http.multipart import MULTIPART
from webapp.http.request import kept, services, this

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.datastructures import FileStorage, MultiDict

FORM = "application/x-www-form-urlencoded"

BODY_MAX = 6 * 1024 * 1024 + 512 * 1024
"""A text of 1 MiB, of which JSON escapes every byte as six, and the rest of a message."""
FORM_MAX = 3 * 1024 * 1024 + 512 * 1024
"""The same in a form, which escapes a byte as three."""
UPLOAD_MAX = 2**50
"""No limit of requests: files have their own."""
SMALL_MAX = 64 * 1024
"""Enough for every request without a text."""
WITH_FILE = {"compose.send", "compose.check", "compose.make_passphrase"}
"""Where the compose page's form goes, which is multipart: it can have a list of recipients."""
WITH_TEXT = WITH_FILE | {"api.send", "api.replace", "control.replace", "control.translate"}
WITH_FILES = WITH_FILE | {"control.replace", "control.translate"}
"""Pages with a field for files: their forms are read by `webapp/sender/read_files.py`."""
STREAMED = {"api.append"}
"""Bodies that are files: they are read while they are sealed (`uploads.py`)."""
UNREAD = {"consents.one_click"}
"""Bodies that nobody looks at, of any type: RFC 8058 prefers multipart/form-data."""
WITH_MARKS = {"control.recall", "control.translate", "sent.recall"}
"""Where each link or message that is marked is a field: 100 links, 200 messages."""
FIELDS_MAX, FIELDS_MAX_MARKED = 64, 256
NO_ESCAPE, NO_ESCAPES_MOST = re.compile(rb"%(?![0-9A-Fa-f]{2})"), 1_000
"""Browsers never send a percent sign that escapes nothing."""
BODY_SECONDS = 20.0
WITHOUT_BODY = {"GET", "HEAD", "OPTIONS"}


def init_app(app: Flask) -> None:
    """Read every body before its view does, and parse forms our way."""
    app.request_class = _Request
    app.config["MAX_CONTENT_LENGTH"] = BODY_MAX
    app.before_request(_check)


def is_large() -> bool:
    """Tell whether the body is larger than any request without a text needs, or may be."""
    its = this()
    length = its.content_length
    is_chunked = length is None and "HTTP_TRANSFER_ENCODING" in its.environ
    return is_chunked or (length or 0) > SMALL_MAX


def is_streamed() -> bool:
    """Tell whether this is a form that can bring files, and that nobody has read."""
    its = this()
    return (
        its.endpoint in WITH_FILES
        and its.mimetype == MULTIPART
        and its.content_length is not None
        and services().uploading.is_on
        and "body_read" not in g
    )


def is_readable() -> bool:
    """Read the body, once; tell whether this address takes it."""
    of_request = kept()
    if "body_fault" not in of_request:
        fault = None
        try:
            _read()
        except (HTTPException, NotUtf8) as found:
            fault = found
        of_request.body_fault = fault
        return fault is None
    return of_request.body_fault is None


def _check() -> None:
    if not is_readable():
        raise g.body_fault


def _read() -> None:
    its = this()
    if its.method in WITHOUT_BODY:
        return
    is_form = its.endpoint is not None and not its.path.startswith("/api/")
    if its.endpoint in STREAMED:
        its.max_content_length = UPLOAD_MAX
        return
    if is_streamed():
        its.max_content_length = UPLOAD_MAX
        # Until it is read, nobody finds anything in it.
        its.__dict__["form"] = its.__dict__["files"] = ImmutableMultiDict()
        return
    large = FORM_MAX if is_form else BODY_MAX
    most = its.max_content_length = large if its.endpoint in WITH_TEXT else SMALL_MAX
    length = its.content_length
    if (length or 0) > most:
        abort(413)
    is_form = is_form and its.endpoint not in UNREAD
    kinds = {FORM, MULTIPART} if its.endpoint in WITH_FILES else {FORM}
    if is_form and its.mimetype not in kinds and (length or is_large()):
        abort(415)
    try:
        with gevent.Timeout(BODY_SECONDS):
            raw = its.get_data(cache=True)
    except gevent.Timeout:
        read_no_more()
        abort(408)
    except ParseException:
        # Malformed chunks: it is unknown where the next request would begin.
        read_no_more()
        abort(400)
    if is_form:
        _parse(raw)
    if is_large():
        # Parsing took a while: others go first.
        gevent.sleep(0)
    g.body_read = True


def _parse(raw: bytes) -> None:
    most = FIELDS_MAX_MARKED if request.endpoint in WITH_MARKS else FIELDS_MAX
    if request.mimetype == FORM and raw.count(b"&") >= most:
        abort(413)
    try:
        _ = request.form
    except UnicodeDecodeError:
        raise NotUtf8 from None
    except ValueError:
        abort(400)


class _FormParser(FormDataParser):
    """Parses url-encoded forms, and multipart ones where a page has a field for a file."""

    def parse(
        self,
        stream: IO[bytes],
        mimetype: str,
        content_length: int | None,  # noqa: ARG002 (the stream ends there)
        options: dict[str, str] | None = None,
    ) -> tuple[IO[bytes], MultiDict[str, str], MultiDict[str, FileStorage]]:
        if mimetype == MULTIPART:
            boundary = (options or {}).get("boundary", "")
            fields, files = multipart.read(stream.read(), boundary, FIELDS_MAX)
            return stream, self.cls(fields), self.cls(files)
        fields = form_fields(stream.read()) if mimetype == FORM else []
        return stream, self.cls(fields), self.cls()


class _Request(Request):
    form_data_parser_class = _FormParser


def form_fields(raw: bytes) -> list[tuple[str, str]]:
    """Return names and values as urllib's `parse_qsl` does, ten times faster.

    Raises:
        ValueError: Not UTF-8, or with many percent signs that escape nothing.
    """
    pairs = (part.partition(b"=") for part in raw.split(b"&") if part)
    return [(_text(name), _text(value)) for name, _, value in pairs]


def _text(raw: bytes) -> str:
    whole, bare = NO_ESCAPE.subn(b"%25", raw, NO_ESCAPES_MOST + 1)
    if bare > NO_ESCAPES_MOST:
        message = "percent signs that escape nothing"
        raise ValueError(message)
    # Quoted-printable differs in its escape character only, and its decoder is written in C.
    quoted = whole.replace(b"+", b" ").replace(b"=", b"%3D").replace(b"%", b"=")
    return a2b_qp(quoted).decode()


def read_no_more() -> None:
    """Close the socket for reading: gunicorn must not look for a next request in the rest."""
    line = request.environ.get("gunicorn.socket")
    if line is not None:
        with suppress(OSError):
            line.shutdown(socket.SHUT_RD)
