"""The files in a form: sealed while the form is read, and kept while it has faults.

A file that has come is a hidden field from then on, with its upload token.  So a form that is
shown again brings its files along, whatever was wrong with it.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple

from flask import abort, g, request
from werkzeug.datastructures import FileStorage, ImmutableMultiDict
from werkzeug.exceptions import HTTPException

from restante.crypto.files import UploadToken
from restante.crypto.tokens import ControlToken
from restante.errors import (
    Fault,
    FileTooLarge,
    Full,
    NotASender,
    NotFound,
    RestanteError,
    Unavailable,
)
from restante.file_names import fit_name, fit_type
from restante.messages import NewFile
from webapp.http import send_access, uploads
from webapp.http.budgets import afford_file
from webapp.http.errors import NotUtf8, RateLimited
from webapp.http.i18n import gettext
from webapp.http.multipart import MULTIPART
from webapp.http.multipart_stream import Parts
from webapp.http.rate_limits import settle
from webapp.http.request import kept, services, settings
from webapp.http.request_size import FIELDS_MAX, FORM_MAX, WITH_FILE, is_streamed, read_no_more
from webapp.sender import sender_secret
from webapp.texts.files import size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from webapp.http.multipart_stream import Part

FIELD, KEPT = "file", "upload"
"""The field where files are chosen, and the one that brings those that came before."""
KEPT_MOST = 600
DRAINED_MOST = 64 * 1024 * 1024
"""Bytes that are read to their end from somebody who may not send, so that they see the page."""


class Came(NamedTuple):
    """A file that was uploaded, as a form brings it: token, size, type and name."""

    upload: str
    size: int
    type: str
    name: str

    def written(self) -> str:
        return f"{self.upload} {self.size} {self.type} {self.name}"

    @property
    def told_size(self) -> str:
        return size(self.size)


class Most(NamedTuple):
    """How large a file may be, and all of a message, as a page says it."""

    each: str
    together: str


def most() -> Most:
    """Return the limits of files, in words."""
    return Most(size(settings().files_max), size(settings().files_message_max))


def read(shard: int | None = None) -> None:
    """Read the form of this request, if nobody has; its files go into this shard, if it is known.

    Raises:
        NotUtf8, HTTPException: It is not a form as browsers send it.
    """
    if not is_streamed():
        return
    g.files_shard = _own_shard() if shard is None else shard
    fields, lists = list[tuple[str, str]](), list[tuple[str, FileStorage]]()
    # A field that is read is looked for by what decides whether files are taken.
    _show(fields, lists)
    try:
        for part in _parts():
            if part.file_name is None:
                fields.append((part.name, _text(part).decode()))
                _show(fields, lists)
            elif part.name == FIELD:
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
    _show(fields, lists)
    g.body_read = True


def of_form() -> list[Came]:
    """Return the files of the form: those that came before and were not taken out, and new ones."""
    return [*_kept(), *kept().get("files_new", [])]


def drafted() -> tuple[NewFile, ...]:
    """Return the files for a draft."""
    return tuple(NewFile(one.upload, one.name, one.type) for one in of_form())


def fault() -> Fault | None:
    """Return the fault if files were refused; it says why, for the visitor, each by its name."""
    refused = list(kept().get("files_refused", []))
    if FIELD in request.files:
        # It was read as a form without files: no browser sends one with files so.
        refused.append(gettext("Files cannot be taken here."))
    return Fault(FIELD, " ".join(refused)) if refused else None


def shard() -> int | None:
    """Return the shard that the form's files are in; None without files."""
    for one in of_form():
        try:
            return UploadToken.parse(one.upload).shard
        except NotFound:
            continue
    return None


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
    room = kept().get("fields_room", FORM_MAX)
    data = part.read(room + 1)
    if len(data) > room:
        abort(413)
    g.fields_room = room - len(data)
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
    if len(of_form()) >= most:
        return gettext(
            "“%(name)s” was left out: a message has at most %(most)s files.", name=name, most=most
        )
    return None


def _seal(part: Part, first: bytes, name: str) -> str | None:
    """Seal a file while it is read; return why it was refused."""
    uploading, upload = services().uploading, None
    held = [first]

    def taken(wanted: int) -> bytes:
        before = held.pop() if held else b""
        return before + part.read(wanted - len(before))

    try:
        _afford()
        upload = uploading.start(shard_of_new())
        done = uploading.receive(upload, 0, taken, last=True)
    except FileTooLarge as error:
        _cancel(upload)
        return gettext("“%(name)s” is larger than %(most)s.", name=name, most=size(error.limit))
    except Full:
        _cancel(upload)
        return gettext("“%(name)s” was left out: there is no room for files now.", name=name)
    except RateLimited:
        return gettext(
            "“%(name)s” was left out: your network has sent enough files for today.", name=name
        )
    except (RestanteError, OSError) as error:
        _cancel(upload)
        if not isinstance(error, Unavailable | NotFound):
            raise
        return gettext(
            "“%(name)s” was left out: files cannot be taken now. Try again in a moment.", name=name
        )
    except BaseException:
        _cancel(upload)
        raise
    came = Came(str(upload), done.offset, fit_type(part.media_type), name)
    g.files_new = [*kept().get("files_new", []), came]
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
    found: str | None = g.files_closed
    return found


def _drain(part: Part) -> None:
    """Read the rest of a file and keep nothing, so that the browser shows the page."""
    left = None if g.get("files_closed") is None else DRAINED_MOST
    while some := part.read(uploads.PIECE_BYTES):
        if left is not None:
            left -= len(some)
            if left < 0:
                read_no_more()
                abort(413)


def _afford() -> None:
    """Count an upload, and with the first the bytes of the request: those of each are not known."""
    is_first = "files_afforded" not in g
    g.files_afforded = True
    afford_file((request.content_length or 0) if is_first else 0)
    settle()


def shard_of_new() -> int:
    """Return the shard of a file that comes next: that of the form's others, or of the list."""
    if (found := shard()) is not None:
        return found
    known = g.files_shard if "files_shard" in g else _own_shard()
    return ControlToken.new().shard if known is None else known


def _own_shard() -> int | None:
    listed = sender_secret.listed() if settings().sent_list else None
    return listed.shard if listed else None


def _kept() -> list[Came]:
    found = []
    for written in request.form.getlist(KEPT)[: settings().files_most]:
        upload, _, rest = written[:KEPT_MOST].partition(" ")
        number, _, rest = rest.partition(" ")
        kind, _, name = rest.partition(" ")
        if number.isdecimal() and number.isascii():
            found.append(Came(upload, int(number[:16]), fit_type(kind), fit_name(name)))
    return found


def _show(fields: list[tuple[str, str]], lists: list[tuple[str, FileStorage]]) -> None:
    """Let everything else find the form where forms are."""
    its = request._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
    its.__dict__["form"] = ImmutableMultiDict(fields)
    its.__dict__["files"] = ImmutableMultiDict(lists)
