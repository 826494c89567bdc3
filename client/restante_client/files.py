"""Files of messages: while they are uploaded, as a reader gets them, as their sender sees them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from restante_client.fields import Json, inners, number, text, text_or_none, when_or_none
from restante_client.file_names import distinct, fit_name

FILES_MOST = 1_000
"""Files of a message that are believed; a service has fifty, or what its operator says."""
UPLOAD_TOKEN = re.compile(r"U[A-Za-z0-9_-]{34}")
FILES_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,200}")
COUNT = re.compile(r"[0-9]{1,15}")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that goes with a message which is sent later.

    Keep token and key, as secret as the file, to go on after your program ended.

    Attributes:
        token: Opens the upload, and until the send its file.
        key: The idempotency key of the send; None for a replace.
    """

    name: str
    size: int
    type: str
    token: str = field(repr=False)
    key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class UploadProgress:
    """How far an upload came: its bytes that are safe, and whether they are all."""

    offset: int
    is_whole: bool

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Self:
        offset = headers["Upload-Offset"]
        if not COUNT.fullmatch(offset):
            message = "the offset is no number of bytes"
            raise ValueError(message)
        return cls(int(offset), headers["Upload-Complete"] == "?1")


@dataclass(frozen=True, slots=True)
class File:
    """A file of a message that was opened.

    `name` is never a path, and no other file of the message has it: save the file under it.
    """

    number: int
    name: str
    size: int
    type: str
    raw: Json = field(repr=False)


def files_of(its: Json) -> tuple[File, ...]:
    """Return the files of an opened message.

    Raises:
        ValueError: They are not what a service of Restante answers.
    """
    found = inners(its, "files")
    names = distinct([fit_name(text(one, "name")) for one in found[: FILES_MOST + 1]])
    files = tuple(
        File(number(one, "number"), name, number(one, "size"), text(one, "type"), one)
        for one, name in zip(found, names, strict=False)
    )
    if len(files) > FILES_MOST or any(one.number < 1 or one.size < 0 for one in files):
        message = "no message has such files"
        raise ValueError(message)
    return files


def files_token_of(its: Json) -> str | None:
    """Return the token that fetches the files of an opened message.

    Raises:
        ValueError: It is none, or files have no token.
    """
    found = text_or_none(its, "files_token")
    if (found is None and its["files"]) or (found and not FILES_TOKEN.fullmatch(found)):
        message = "the files have no token"
        raise ValueError(message)
    return found


@dataclass(frozen=True, slots=True)
class FileStatus:
    """A file at one link, as its sender sees it.

    `sent` is how many bytes from its beginning one reader was sent; None if nobody began.
    `taken_out_at` is when the sender took it out of the message.
    """

    number: int
    name: str
    size: int
    sent: int | None
    taken_out_at: datetime | None = None

    @property
    def is_whole(self) -> bool:
        """All of it was sent to one reader."""
        return self.sent is not None and self.sent >= self.size

    @classmethod
    def of(cls, its: Json) -> Self:
        sent = None if its["sent"] is None else number(its, "sent")
        # An earlier service does not tell when it was taken out.
        out_at = when_or_none(its, "taken_out_at") if "taken_out_at" in its else None
        return cls(number(its, "number"), text(its, "name"), number(its, "size"), sent, out_at)
