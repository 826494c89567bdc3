"""Names of files, made fit to be saved on any system: never a path, and no two the same."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

NAME_MAX = 255
"""Bytes of UTF-8: what file systems take."""
ENDING_MAX = 40
"""Bytes of an ending that is kept when a name is cut."""
UNNAMED = "file"
FOR_PATHS = frozenset('/\\:*?"<>|')
HALF_READ = 512
"""Characters of a longer name that are read: to normalize a run of marks takes quadratic time."""
JOINERS = frozenset("\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}")
"""They shape words and emoji, and move nothing."""
NUMBER_SIGNS = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)
"""Of category Cf, but seen (Unicode's property Prepended_Concatenation_Mark)."""
DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?![^. ])", re.IGNORECASE)
"""Names that open a device on Windows, whatever their ending."""


def fit_name(written: str) -> str:
    """Return a name of 1 to 255 bytes that leads nowhere; a good name stays as it is."""
    name = re.split(r"[/\\]", written)[-1]
    if len(name) > 2 * HALF_READ:
        name = name[:HALF_READ] + name[-HALF_READ:]
    name = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    name = "".join("_" if _is_unfit(one) else one for one in name).strip(" .")
    if DEVICES.match(name):
        name = f"_{name}"
    return cut(name or UNNAMED)


def distinct(names: Iterable[str]) -> list[str]:
    """Return the names with ` (2)`, ` (3)` … before the ending of those that come again."""
    seen: set[str] = set()
    found = []
    for name in names:
        its, number = name, 1
        while its.casefold() in seen:
            number += 1
            its = numbered(name, number)
        seen.add(its.casefold())
        found.append(its)
    return found


def numbered(name: str, number: int) -> str:
    """Return a name with a number before its ending."""
    return cut(name, f" ({number})")


def cut(name: str, behind: str = "", most: int = NAME_MAX) -> str:
    """Return a name with *behind* before its ending; the stem is cut to what fits."""
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending.encode()) > ENDING_MAX:
        stem, dot, ending = name, "", ""
    ending = behind + dot + ending
    room = most - len(ending.encode())
    if len(stem.encode()) > room:
        stem = stem.encode()[:room].decode(errors="ignore").rstrip(" .")
    return stem + ending


def _is_unfit(one: str) -> bool:
    return one in FOR_PATHS or (
        one not in JOINERS | NUMBER_SIGNS
        and unicodedata.category(one) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
    )
