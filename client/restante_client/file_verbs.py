"""What a client can ask about files: each verb as a request, as in `verbs.py`.  No I/O."""

from __future__ import annotations

from dataclasses import dataclass, field

from restante_client import verbs
from restante_client.fields import text, whole
from restante_client.files import UPLOAD_TOKEN, UploadProgress


def nothing(_: object) -> None:
    """Read an answer without content."""


def _never(_: object) -> UploadProgress:
    """Stand where JSON is read, of a verb that reads headers."""
    raise ValueError


def start_upload(
    size: int, *, token: str | None, key: str | None, beside: str | None
) -> verbs.Verb[str]:
    """Begin to upload a file; its token.

    Safe to repeat: an upload that nobody adds to is over in a day.
    """

    def parse(its: object) -> str:
        found = text(whole(its), "upload_token")
        if not UPLOAD_TOKEN.fullmatch(found):
            message = "this is no upload token"
            raise ValueError(message)
        return found

    body = {"size": size} | ({"with": beside} if beside else {})
    return verbs.Verb("POST", f"{verbs.API}/uploads", parse, token, key, body)


def upload_progress(upload: str) -> verbs.Verb[UploadProgress]:
    """Ask how far an upload came."""
    return verbs.Verb("GET", f"{verbs.API}/upload", _never, upload, head=UploadProgress.of)


SCAN_SECONDS, SCAN_MOST, SCAN_PACE = 120.0, 960.0, 1_000_000.0
"""A service may scan a file for viruses before it answers the last part, up to 15 minutes."""


def append(upload: str, offset: int, length: int, *, is_last: bool) -> verbs.Verb[UploadProgress]:
    """Add a body of *length* bytes to an upload, from *offset* on.  Not to be repeated blindly."""
    more = {
        "Content-Type": "application/partial-upload",
        "Content-Length": str(length),
        "Upload-Offset": str(offset),
        "Upload-Complete": f"?{int(is_last)}",
    }
    seconds = min(SCAN_MOST, SCAN_SECONDS + (offset + length) / SCAN_PACE) if is_last else None
    return verbs.Verb(
        "PATCH",
        f"{verbs.API}/upload",
        _never,
        upload,
        tries_most=1,
        head=UploadProgress.of,
        more=more,
        answer_seconds=seconds,
    )


def cancel_upload(upload: str) -> verbs.Verb[None]:
    """End an upload; what is there of the file is deleted."""
    return verbs.Verb("DELETE", f"{verbs.API}/upload", nothing, upload)


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a reader fetches a file with."""

    number: int
    link: str = field(repr=False)
    reader_key: str = field(repr=False)
    files_token: str = field(repr=False)


def fetch(its: Ticket, start: int, mark: str | None) -> verbs.Verb[None]:
    """Ask for a file from byte *start* on, if it still has the ETag *mark*."""
    more = {"Accept": "application/octet-stream, application/problem+json"}
    more["Files-Token"] = its.files_token
    if start:
        more["Range"] = f"bytes={start}-"
        if mark:
            more["If-Range"] = mark
    return verbs.Verb(
        "GET", f"{verbs.API}/link/files/{its.number}", nothing, its.link, its.reader_key, more=more
    )
