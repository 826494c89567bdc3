"""Which characters may stand in a line beside our own words.  Pure: no I/O.

    unfit   breaks the line, or is no Unicode text       categories Cc, Cs, Zl, Zp
            reorders, tags or shows nothing              category Cf but VISIBLE_FORMATS; UNSEEN
    bound   shows nothing, shapes what stands beside it  JOINERS, SELECTORS
    seen    letter, digit, mark, punctuation, symbol     all the rest but spaces

A fit label has a sign that is seen by itself.  A selector follows a seen sign, a joiner stands
between two, or ends what a virama ended.  docs/decisions/0011-no-marks-that-reorder-labels.md
says why.
"""

from __future__ import annotations

import unicodedata
from itertools import chain

FORBIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Unicode categories: controls, formats, lone surrogates, line and paragraph separators."""
JOINERS = frozenset("\u200c\u200d")
"""ZWNJ and ZWJ: Persian words, Indic conjuncts and families of emoji need them."""
VISIBLE_FORMATS = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)
"""Category Cf, and all the same seen: Unicode's property Prepended_Concatenation_Mark."""
SELECTORS = frozenset(
    map(
        chr,
        chain(range(0x180B, 0x180E), [0x180F], range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0)),
    )
)
"""Variation selectors: of Mongolian letters, of emoji, of kanji in names."""
UNSEEN = frozenset(
    map(
        chr,
        chain(
            # Default_Ignorable_Code_Point, not Cf: a joiner, fillers, inherent vowels.
            (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0),
            # The same, and not assigned to anything yet.
            (0x2065, *range(0xFFF0, 0xFFF9)),
            range(0xE0000, 0xE0100),
            range(0xE01F0, 0xE1000),
            # Symbols and marks without a shape: empty braille, an object's place, a null
            # notehead, a filler.
            (0x2800, 0xFFFC, 0x1D159, 0x16FE4),
        ),
    )
)
"""What shows nothing, and whose category does not say so."""
VIRAMA = 9
"""Canonical combining class: what ends a syllable in the scripts of India and its neighbours."""
UNFIT = "no line breaks, control characters, characters that show nothing or that reorder text"


def is_fit(label: str) -> bool:
    """Tell whether a label shows something, and nothing in it hides, reorders or breaks lines."""
    if any(_is_unfit(c) for c in label):
        return False
    if not any(_stands_alone(c) for c in label):
        return False
    return all(
        _is_bound(before, c, after)
        for before, c, after in zip(" " + label, label, label[1:] + " ", strict=False)
        if c in JOINERS or c in SELECTORS
    )


def _is_unfit(c: str) -> bool:
    if c in JOINERS or c in VISIBLE_FORMATS:
        return False
    return c in UNSEEN or unicodedata.category(c) in FORBIDDEN


def _is_bound(before: str, c: str, after: str) -> bool:
    """Tell whether a joiner or a selector has what it needs beside it."""
    if c in SELECTORS:
        return _is_seen(before)
    follows = _is_seen(before) or before in SELECTORS
    return follows and (_is_seen(after) or unicodedata.combining(before) == VIRAMA)


def _is_seen(c: str) -> bool:
    return not c.isspace() and c not in JOINERS and c not in SELECTORS


def _stands_alone(c: str) -> bool:
    """Tell whether a sign is seen without another: a mark is not."""
    return _is_seen(c) and unicodedata.category(c)[0] != "M"
