"""Names and media types of files, made fit for every system and every header.  Pure: no I/O."""

from __future__ import annotations

import re
import unicodedata

from restante.safe_text import FORBIDDEN, JOINERS, UNSEEN, VISIBLE_FORMATS

NAME_MAX = 255
"""Bytes of UTF-8: what file systems take."""
ENDING_MAX = 40
"""Bytes of an ending that is kept when a name is cut."""
HALF_READ = 512
"""Characters of a longer name that are read: the first and the last."""
UNNAMED = "file"
MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,60}/[a-z0-9][a-z0-9!#$&^_.+-]{0,60}")
UNKNOWN_TYPE = "application/octet-stream"
FOR_PATHS = frozenset('/\\:*?"<>|')
"""What a path or another system's file name must not have."""


def fit_name(written: str) -> str:
    """Return the name of a file as docs/specs/file.md says: 1 to 255 bytes, never a path."""
    name = re.split(r"[/\\]", written)[-1]
    if len(name) > 2 * HALF_READ:
        # To normalize a million marks on one letter takes minutes.
        name = name[:HALF_READ] + name[-HALF_READ:]
    name = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    name = "".join("_" if _is_unfit(c) else c for c in name).strip(" .")
    if not name:
        return UNNAMED
    return _cut(name, "")


def fit_type(written: str) -> str:
    """Return a media type without parameters; the unknown one for anything else."""
    its = written.partition(";")[0].strip().lower()
    return its if MEDIA_TYPE.fullmatch(its) else UNKNOWN_TYPE


def distinct(names: list[str]) -> list[str]:
    """Return the names with ` (2)`, ` (3)` … before the ending of repeated ones."""
    seen: set[str] = set()
    found = []
    for name in names:
        its, number = name, 2
        while its.casefold() in seen:
            its, number = _cut(name, f" ({number})"), number + 1
        seen.add(its.casefold())
        found.append(its)
    return found


def _cut(name: str, behind: str) -> str:
    """Return a name with *behind* before its ending; the stem is cut to what fits."""
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending.encode()) > ENDING_MAX:
        stem, dot, ending = name, "", ""
    ending = behind + dot + ending
    room = NAME_MAX - len(ending.encode())
    if len(stem.encode()) > room:
        stem = stem.encode()[:room].decode(errors="ignore").rstrip(" .")
    return stem + ending


def _is_unfit(character: str) -> bool:
    if character in JOINERS or character in VISIBLE_FORMATS:
        return False
    return (
        character in FOR_PATHS
        or character in UNSEEN
        or unicodedata.category(character) in FORBIDDEN
    )
