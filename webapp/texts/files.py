"""How pages write of files: their sizes, and what kind of file it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from babel.units import format_unit
from markupsafe import Markup

from webapp.http import previews
from webapp.http.i18n import current, gettext, html, ngettext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from restante.file_reports import Fetched, ListedFile
    from restante.reports import LinkStatus

UNITS = (None, "kilobyte", "megabyte", "gigabyte", "terabyte")
STEP, EXACT = 1_000, 10
"""From one unit to the next; below so many of a unit, a decimal is told."""
ARCHIVES = ("zip", "x-tar", "gzip", "x-7z-compressed", "x-bzip2", "x-xz", "vnd.rar", "zstd")


class FileText(NamedTuple):
    """A file as a reader's page lists it; *number* counts from 1, *is_out*: it was taken out."""

    number: int
    name: str
    kind: str
    size: str
    can_be_shown: bool
    is_picture: bool = False
    is_out: bool = False


def listed(files: Iterable[ListedFile]) -> tuple[FileText, ...]:
    """Return the files of a message for a list on a page."""
    return tuple(
        FileText(
            its.number,
            its.name,
            kind(its.type),
            size(its.size),
            previews.may_show(its.type, its.size),
            previews.may_show(its.type, its.size) and its.type.startswith("image/"),
            its.taken_out_at is not None,
        )
        for its in files
    )


def names(files: Iterable[Fetched]) -> str:
    """Return the files' names for a page, each kept from reordering what stands around it."""
    return html("; ").join(html("<bdi>%(name)s</bdi>", name=its.name) for its in files)


def plain_names(files: Iterable[Fetched]) -> str:
    """Return the files' names for a file."""
    return "; ".join(its.name for its in files)


def fetched(link: LinkStatus, put: Callable[[Iterable[Fetched]], str] = names) -> Iterator[str]:
    """Yield what is known of the files of a link that was opened; *put* writes their names."""
    if not link.files or not link.reveals:
        return
    whole = [its for its in link.files if its.is_whole]
    begun = [its for its in link.files if its.sent is not None and not its.is_whole]
    if whole:
        yield _said(gettext("Fetched whole: %(names)s."), put(whole))
    if begun:
        yield _said(gettext("Fetching began: %(names)s."), put(begun))
    if not whole and not begun:
        yield ngettext(
            "Its file was not fetched.", "None of its %(num)s files was fetched.", len(link.files)
        )


def taken_out(out: Iterable[Fetched], put: Callable[[Iterable[Fetched]], str]) -> str:
    """Return which files were taken out; *put* writes their names."""
    return _said(gettext("Taken out: %(names)s."), put(out))


def _said(text: str, names: str) -> str:
    return html(text, names=names) if isinstance(names, Markup) else text % {"names": names}


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
