"""Checks labels and names for characters that hide, reorder text or break lines.  Pure: no I/O.

    unfit   breaks the line, or is not Unicode text      categories Cc, Cs, Zl, Zp
            reorders, tags or is invisible               Cf except VISIBLE_FORMATS; UNSEEN
    bound   invisible, changes its neighbour's shape     JOINERS, SELECTORS
    seen    letter, digit, mark, punctuation, symbol     all others except spaces

A label is fit if it has a character that is visible by itself, no unfit one, and at most six
marks in a row.  A selector must follow a seen character.  A joiner must stand between
two of them, or after a virama.
docs/decisions/0011-no-marks-that-reorder-labels.md has the reasons.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import chain

FORBIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Unicode categories: controls, formats, lone surrogates, line and paragraph separators."""
JOINERS = frozenset("\u200c\u200d")
"""ZWNJ and ZWJ: Persian words, Indic conjuncts and families of emoji need them."""
VISIBLE_FORMATS = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)
"""Category Cf but visible: Unicode's property Prepended_Concatenation_Mark."""
SELECTORS = frozenset(
    map(
        chr,
        chain(range(0x180B, 0x180E), [0x180F], range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0)),
    )
)
"""Variation selectors: for Mongolian letters, emoji, and kanji in names."""
UNSEEN = frozenset(
    map(
        chr,
        chain(
            # Default_Ignorable_Code_Point, not Cf: a joiner, fillers, inherent vowels.
            (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0),
            # Default_Ignorable_Code_Point, not assigned yet.
            (0x2065, *range(0xFFF0, 0xFFF9)),
            range(0xE0000, 0xE0100),
            range(0xE01F0, 0xE1000),
            # Symbols and marks without a shape: empty braille, object replacement, null
            # notehead, a filler.
            (0x2800, 0xFFFC, 0x1D159, 0x16FE4),
        ),
    )
)
"""Invisible characters whose category does not show it."""
CONTROLS = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")
VIRAMA = 9
"""Canonical combining class of the mark that removes a vowel in Indic scripts."""
MARKS_MOST = 6
"""In a row, after composing: letters of Hebrew and Burmese have up to four."""
MANY_MARKS = re.compile("M" * (MARKS_MOST + 1))
UNFIT = (
    "no line breaks, control characters, characters that show nothing or that reorder text, "
    "no more than six marks on a letter"
)


def is_fit(label: str) -> bool:
    """Tell whether a label is visible and has no character that hides, reorders or breaks lines."""
    if any(_is_unfit(c) for c in label):
        return False
    if not any(_stands_alone(c) for c in label) or MANY_MARKS.search(_kinds(label)):
        return False
    return all(
        _is_bound(before, c, after)
        for before, c, after in zip(" " + label, label, label[1:] + " ", strict=False)
        if c in JOINERS or c in SELECTORS
    )


def _kinds(label: str) -> str:
    """Return the first letter of each character's category."""
    return "".join(unicodedata.category(c)[0] for c in unicodedata.normalize("NFC", label))


def _is_unfit(c: str) -> bool:
    if c in JOINERS or c in VISIBLE_FORMATS:
        return False
    return c in UNSEEN or unicodedata.category(c) in FORBIDDEN


def shows_nothing(c: str) -> bool:
    """Tell whether a character is neither seen nor a blank: it gets lost, or comes along unseen."""
    unseen = c in UNSEEN or c in JOINERS or c in SELECTORS
    formats = unicodedata.category(c) == "Cf" and c not in VISIBLE_FORMATS
    return unseen or formats or (unicodedata.category(c) == "Cc" and not c.isspace())


def shows_anything(text: str) -> bool:
    """Tell whether a text has a character that is seen."""
    return any(not c.isspace() and not shows_nothing(c) for c in text)


def unshown(text: str) -> int:
    """Return how many characters of a text no page can show: control characters but blanks."""
    return len(CONTROLS.findall(text))


def one_line(text: str) -> str:
    """Return a text in one line: one blank for each run of blanks, line breaks and controls."""
    return " ".join("".join(" " if _ends_line(c) else c for c in text).split())


def _ends_line(c: str) -> bool:
    return unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"}


def _is_bound(before: str, c: str, after: str) -> bool:
    """Tell whether a joiner or a selector has the neighbours that it needs."""
    if c in SELECTORS:
        return _is_seen(before)
    follows = _is_seen(before) or before in SELECTORS
    return follows and (_is_seen(after) or unicodedata.combining(before) == VIRAMA)


def _is_seen(c: str) -> bool:
    return not c.isspace() and c not in JOINERS and c not in SELECTORS


def _stands_alone(c: str) -> bool:
    """Tell whether a character is visible by itself; a combining mark is not."""
    return _is_seen(c) and unicodedata.category(c)[0] != "M"
