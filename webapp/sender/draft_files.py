"""The files in a form: sealed while the form is read, and kept while it has faults.

A file that has come is a hidden field from then on, with its upload token.  So a form that is
shown again brings its files along, whatever was wrong with it.
"""

from __future__ import annotations

from typing import NamedTuple

from flask import g, request

from restante.crypto.files import UploadToken
from restante.crypto.tokens import ControlToken
from restante.errors import (
    Fault,
    NotFound,
)
from restante.file_names import fit_name, fit_type
from restante.messages import NewFile
from webapp.http.i18n import gettext
from webapp.http.request import kept, settings
from webapp.sender import sender_secret
from webapp.texts.files import size

FIELD, KEPT = "file", "upload"
"""The field where files are chosen, and the one that brings those that came before."""
KEPT_MOST = 600


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


def shard_of_new() -> int:
    """Return the shard of a file that comes next: that of the form's others, or of the list."""
    if (found := shard()) is not None:
        return found
    known = g.files_shard if "files_shard" in g else own_shard()
    return ControlToken.new().shard if known is None else known


def own_shard() -> int | None:
    """Return the shard of the visitor's list; None without one."""
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
