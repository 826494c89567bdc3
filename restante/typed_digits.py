"""Digits that a person types from a screen or a mail, whatever the keyboard makes of them."""

from __future__ import annotations

import unicodedata

from restante.errors import Fault, Invalid

TYPED_MOST = 100
SEPARATORS = frozenset("CMPZ")
"""Unicode's first letters of a category: controls and formats, marks, punctuation, blanks."""
MINUS = "\u2212"


def only_digits(written: str) -> str:
    """Return the digits as ASCII, without what stands between and around them.

    Full-width, Arabic-Indic, Devanagari and other decimal digits count as what they mean.  Empty
    where anything else is among them, as a letter, or nothing at all.
    """
    digits = []
    for sign in unicodedata.normalize("NFKC", written[:TYPED_MOST]):
        value = unicodedata.decimal(sign, None)
        if value is not None:
            digits.append(str(value))
        elif unicodedata.category(sign)[0] not in SEPARATORS and sign != MINUS:
            return ""
    return "".join(digits)


def code_of(written: str | None, many: int, field: str = "code") -> str | None:
    """Return a code of so many digits; None where nothing was typed.

    Raises:
        Invalid: Something was typed that cannot be such a code: a fault of *field*, and no try.
    """
    if not written or not written.strip():
        return None
    digits = only_digits(written)
    if len(digits) != many:
        raise Invalid([Fault(field, f"{many} digits")])
    return digits


def whole_number(written: str, most: int = 12) -> int | None:
    """Return a number of at most so many digits, in any script's; None for anything else.

    Nothing is dropped within: 1.5 is not 15.
    """
    written = written.strip()
    if len(written) > most:
        return None  # to normalize a run of marks takes quadratic time
    plain = unicodedata.normalize("NFKC", written)
    if not 1 <= len(plain) <= most or not all(unicodedata.category(c) == "Nd" for c in plain):
        return None
    return int(plain)
