"""Reads a form with files: each file is sealed while it is read, or refused with a reason."""

from __future__ import annotations

import time
from contextlib import suppress
from io import BytesIO
from typing import TYPE_CHECKING

import gevent
from flask import abort, g, request
from werkzeug.datastructures import FileStorage, ImmutableMultiDict
from werkzeug.exceptions import HTTPException

from restante.errors import (
    FileRefused,
    FileTooLarge,
    Full,
    NotASender,
    NotFound,
    Unavailable,
)
from restante.file_names import fit_name, fit_type
from webapp.http import send_access, uploads
from webapp.http.budgets import afford_bytes, afford_upload
from webapp.http.errors import NotUtf8, RateLimited
from webapp.http.i18n import gettext
from webapp.http.multipart import MULTIPART
from webapp.http.multipart_stream import Parts
from webapp.http.request import kept, services, settings
from webapp.http.request_size import FIELDS_MAX, FORM_MAX, WITH_FILE, is_streamed, read_no_more
from webapp.http.streams import Stream
from webapp.sender import draft_files
from webapp.sender.draft_files import Came
from webapp.texts.files import size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restante.crypto.files import UploadToken
    from webapp.http.multipart_stream import Part


PAID_EVERY = 8 * 1024 * 1024
"""Bytes of a file after which they are counted."""
DRAINED_MOST = 64 * 1024 * 1024
"""Bytes that are read to their end from somebody who may not send, so that they see the page."""
DRAINED_SECONDS = 120.0
"""For so long refused files are read to their end in one request."""
FIELDS_SECONDS = 20.0
"""For so long the fields of a form may keep us waiting, without its files."""


def read(shard: int | None = None) -> None:
    """Read the form of this request, if nobody has; its files go into this shard, if it is known.

    Raises:
        NotUtf8, HTTPException: It is not a form as browsers send it.
    """
    if not is_streamed():
        return
    g.files_shard = draft_files.own_shard() if shard is None else shard
    fields, lists = list[tuple[str, str]](), list[tuple[str, FileStorage]]()
    # A field that is read is looked for by what decides whether files are taken.
    _show(fields, lists)
    with suppress(RateLimited, Unavailable):
        g.files_stream = Stream()
    try:
        for part in _parts():
            if part.file_name is None:
                fields.append((part.name, _text(part).decode()))
                _show(fields, lists)
            elif part.name == draft_files.FIELD:
                _take(part)
            elif data := _text(part):
                lists.append((part.name, FileStorage(BytesIO(data), part.file_name, part.name)))
    except UnicodeDecodeError:
        read_no_more()
        raise NotUtf8 from None
    except ValueError:
        read_no_more()
        abort(400)
    except HTTPException:
        read_no_more()
        raise
    finally:
        if stream := kept().pop("files_stream", None):
            stream.close()
    _show(fields, lists)
    g.body_read = True


def _parts() -> Iterator[Part]:
    boundary = request.mimetype_params.get("boundary", "")
    assert request.mimetype == MULTIPART
    left = {True: settings().files_most + FIELDS_MAX, False: FIELDS_MAX}
    for part in Parts(uploads.read, boundary):
        left[part.file_name is not None] -= 1
        if min(left.values()) < 0:
            abort(413)
        yield part


def _text(part: Part) -> bytes:
    """Return a field's content; all fields together are as large as a form without files may be."""
    room, waited = kept().get("fields_room", FORM_MAX), kept().get("fields_seconds", 0.0)
    began = time.monotonic()
    try:
        with gevent.Timeout(max(0.1, FIELDS_SECONDS - waited)):
            data = part.read(room + 1)
    except gevent.Timeout:
        abort(408)
    if len(data) > room:
        abort(413)
    g.fields_room = room - len(data)
    g.fields_seconds = waited + time.monotonic() - began
    return data


def _take(part: Part) -> None:
    """Seal a file, or note why it is not taken."""
    first = part.read(1)
    assert part.file_name is not None
    if not part.file_name and not first:
        return  # nothing was chosen
    name = fit_name(part.file_name)
    refusal = _refusal_of_all() or _count(name)
    if refusal is None:
        refusal = _seal(part, first, name)
    if refusal:
        g.files_refused = [*kept().get("files_refused", []), refusal]
        _drain(part)


def _count(name: str) -> str | None:
    most = settings().files_most
    if len(draft_files.of_form()) >= most:
        return gettext(
            "“%(name)s” was left out: a message has at most %(most)s files.", name=name, most=most
        )
    return None


def _seal(part: Part, first: bytes, name: str) -> str | None:
    """Seal a file while it is read; return why it was refused."""
    uploading, upload = services().uploading, None
    left = settings().files_message_max - sum(one.size for one in draft_files.of_form())
    try:
        upload = uploading.start(
            draft_files.shard_of_new(), most=_most(left), afford=lambda: afford_upload(0)
        )
        done = uploading.receive(upload, 0, _Paid(part, first).read, last=True, most=left)
    except BaseException as error:
        _cancel(upload)
        if refusal := _refusal(error, name):
            return refusal
        raise
    came = Came(str(upload), done.offset, fit_type(part.media_type), name)
    g.files_new = [*kept().get("files_new", []), came]
    return None


def _refusal(error: BaseException, name: str) -> str | None:
    """Return why a file was refused, for the visitor; None if that is none of their business."""
    match error:
        case FileTooLarge() if error.limit < settings().files_max:
            return gettext(
                "“%(name)s” was left out: together the files of a message have at most %(most)s.",
                name=name,
                most=size(settings().files_message_max),
            )
        case FileTooLarge():
            return gettext("“%(name)s” is larger than %(most)s.", name=name, most=size(error.limit))
        case FileRefused():
            return gettext("“%(name)s” was left out: the virus scan refused it.", name=name)
        case Full():
            return gettext("“%(name)s” was left out: there is no room for files now.", name=name)
        case RateLimited():
            return gettext(
                "“%(name)s” was left out: your network has sent enough files for today.", name=name
            )
        case Unavailable() | NotFound():
            return gettext(
                "“%(name)s” was left out: files cannot be taken now. Try again in a moment.",
                name=name,
            )
    return None


def _cancel(upload: UploadToken | None) -> None:
    if upload:
        try:
            services().uploading.cancel(upload)
        except Unavailable:
            return  # it goes within a day


def _refusal_of_all() -> str | None:
    """Return why no file of this form is taken, if the visitor may not send at all."""
    if "files_closed" not in g:
        g.files_closed = None
        try:
            # Who replaces a message has its control token.
            if request.endpoint in WITH_FILE:
                send_access.admit_person()
        except (NotASender, Unavailable):
            g.files_closed = gettext("No file was taken: you may not send yet.")
        if "not_counted" in g:
            g.files_closed = gettext("No file was taken: too many requests from your network.")
        if "files_stream" not in g:
            g.files_closed = gettext(
                "No file was taken: too many are on their way. Try again in a moment."
            )
    found: str | None = g.files_closed
    return found


def _drain(part: Part) -> None:
    """Read the rest of a file and keep nothing, so that the browser shows the page."""
    most = DRAINED_MOST if g.get("files_closed") else settings().files_message_max
    began, before = time.monotonic(), kept().get("drained_seconds", 0.0)
    while some := part.read(uploads.PIECE_BYTES):
        g.drained = kept().get("drained", 0) + len(some)
        g.drained_seconds = before + time.monotonic() - began
        if g.drained > most or g.drained_seconds > DRAINED_SECONDS:
            abort(413)


class _Paid:
    """A file that is read, and whose bytes are counted as they come: its size is not known."""

    def __init__(self, part: Part, first: bytes) -> None:
        self._part, self._first = part, first
        self._unpaid = 0

    def read(self, size: int) -> bytes:
        """Return the next bytes; none at the end.

        Raises:
            BudgetSpent: The network's quota is spent.
        """
        before, self._first = self._first, b""
        some = before + self._part.read(size - len(before))
        self._unpaid += len(some)
        if self._unpaid >= PAID_EVERY or (self._unpaid and not some):
            afford_bytes(self._unpaid)
            self._unpaid = 0
        return some


def _most(left: int) -> int:
    """Return how many bytes the next file can have at the most, of a form that is read."""
    came: list[Came] = kept().get("files_new", [])
    coming = (request.content_length or 0) - sum(one.size for one in came)
    return max(0, min(settings().files_max, left, coming))


def _show(fields: list[tuple[str, str]], lists: list[tuple[str, FileStorage]]) -> None:
    """Let everything else find the form where forms are."""
    its = request._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
    its.__dict__["form"] = ImmutableMultiDict(fields)
    its.__dict__["files"] = ImmutableMultiDict(lists)
