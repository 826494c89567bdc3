"""Which characters may stand in a line beside our own words.  Pure: no I/O.

docs/decisions/0011-no-marks-that-reorder-labels.md says why.
"""

from __future__ import annotations

import unicodedata

FORBIDDEN = {"Cc", "Cs", "Zl", "Zp"}
"""Unicode categories: control characters, lone surrogates, line and paragraph separators."""
REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""With these a name can be made to read as another."""
UNFIT = "no line breaks, control characters or marks that reorder text"


def is_fit(label: str) -> bool:
    """Tell whether nothing in a label breaks its line or turns the words around it."""
    return not any(c in REORDERING or unicodedata.category(c) in FORBIDDEN for c in label)
