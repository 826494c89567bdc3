"""How pages write of files: their sizes, and what kind of file it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from babel.units import format_unit

from webapp.http import previews
from webapp.http.i18n import current, gettext, ngettext

if TYPE_CHECKING:
    from collections.abc import Iterable

    from restante.crypto.files import SealedFile

UNITS = (None, "kilobyte", "megabyte", "gigabyte", "terabyte")
STEP, EXACT = 1_000, 10
"""From one unit to the next; below so many of a unit, a decimal is told."""
ARCHIVES = ("zip", "x-tar", "gzip", "x-7z-compressed", "x-bzip2", "x-xz", "vnd.rar", "zstd")


class FileText(NamedTuple):
    """A file as a reader's page lists it; *number* counts from 1."""

    number: int
    name: str
    kind: str
    size: str
    can_be_shown: bool


def listed(files: Iterable[SealedFile]) -> tuple[FileText, ...]:
    """Return the files of a message for a list on a page."""
    return tuple(
        FileText(
            number, its.name, kind(its.type), size(its.size), previews.may_show(its.type, its.size)
        )
        for number, its in enumerate(files, 1)
    )


def size(number: int) -> str:
    """Return `1.2 MB`: of ten and more without a decimal, and never more than it is."""
    if number < STEP:
        return ngettext("one byte", "%(num)s bytes", number)
    power = 0
    while power < len(UNITS) - 1 and number >= STEP ** (power + 1):
        power += 1
    unit = STEP**power
    tenths = number * 10 // unit
    shown = tenths / 10 if tenths < EXACT * 10 else number // unit
    return str(format_unit(shown, f"digital-{UNITS[power]}", "short", locale=current().locale))


def kind(media_type: str) -> str:
    """Return what a person calls a file of this media type."""
    family, _, its = media_type.partition("/")
    named = {
        "image": gettext("Picture"),
        "video": gettext("Video"),
        "audio": gettext("Sound"),
        "text": gettext("Text"),
    }
    if its == "pdf":
        return "PDF"
    if its in ARCHIVES:
        return gettext("Archive")
    return named.get(family) or gettext("File")
