"""Uploads of API v1: files come before the message, in as many requests as it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response

from restante.crypto.files import UploadToken
from restante.crypto.send_key import SendKey
from restante.crypto.tokens import ControlToken
from restante.errors import (
    Fault,
    FileRefused,
    FileTooLarge,
    Full,
    Invalid,
    NotFound,
    OffsetWrong,
    Superseded,
)
from webapp.api.answers import Started
from webapp.api.blueprint import bp
from webapp.api.operation import FileBody, operation
from webapp.api.requests import Upload
from webapp.http import rate_limits, send_access, uploads
from webapp.http.budgets import afford_upload
from webapp.http.request import services

if TYPE_CHECKING:
    from restante.store.uploads import Progress


@bp.post("/uploads")
@rate_limits.send
@operation(
    status=201,
    admits=send_access.admit_program,
    location="api.progress",
    problems=(NotFound, FileTooLarge, Full),
)
def start_upload(once: SendKey | None, asked: Upload, faults: list[Fault]) -> Started:
    """Begin to upload a file for a message that is sent later.

    All files of a message are uploaded with the `Idempotency-Key` of its send, or name the same
    `with`. An upload is kept for a day after its last progress, and at most three days.
    """
    shard = _shard(once, asked.get("with"), faults)
    size = asked.get("size", 0)
    if size < 0:
        faults.append(Fault("size", "from 0"))
    if faults:
        raise Invalid(faults)
    upload = services().uploading.start(shard, size, afford=lambda: afford_upload(size))
    return {"upload_token": str(upload), "offset": 0}


@bp.get("/upload")
@rate_limits.status
@operation()
def progress(upload: UploadToken) -> Response:
    """Tell how far an upload came: `Upload-Offset`, `Upload-Length` and `Upload-Complete`."""
    return _told(services().uploading.progress(upload))


@bp.patch("/upload")
@rate_limits.upload
@operation(problems=(OffsetWrong, Superseded, FileTooLarge, FileRefused, Full))
def append(upload: UploadToken, body: FileBody) -> Response:
    """Add the body to the file from `Upload-Offset` on; `Upload-Complete: ?1` completes it.

    If the connection breaks, ask how far it came and go on there. Only whole pieces of 64 KiB
    count until the file is complete.
    """
    return _told(uploads.receive(upload, body.offset, last=body.is_last))


@bp.delete("/upload")
@operation()
def cancel_upload(upload: UploadToken) -> None:
    """End an upload; what is there of the file is deleted.

    It is also right if there is no such upload.
    """
    services().uploading.cancel(upload)


def _shard(once: SendKey | None, beside: str | None, faults: list[Fault]) -> int:
    if once:
        return once.shard
    if beside is None:
        return ControlToken.new().shard
    for kind in (UploadToken, ControlToken):
        try:
            return kind.parse(beside).shard
        except NotFound:
            continue
    faults.append(Fault("with", "an upload token, or the control token of a message"))
    return 0


def _told(its: Progress) -> Response:
    response = Response(status=204)
    response.headers["Upload-Offset"] = str(its.offset)
    response.headers["Upload-Complete"] = "?1" if its.whole else "?0"
    response.headers["Upload-Limit"] = uploads.limit()
    if its.size is not None:
        response.headers["Upload-Length"] = str(its.size)
    return response
