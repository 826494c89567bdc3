"""Texts of others, so that they can be printed: nothing in them drives a terminal."""

from __future__ import annotations

import unicodedata

KEPT = {"\n", "\t"}


def plain(text: str) -> str:
    """Return *text* without signs that could drive a terminal or reorder a line."""
    return "".join(
        one if one in KEPT or unicodedata.category(one) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}
        else "\N{REPLACEMENT CHARACTER}" if unicodedata.category(one) == "Cc" else ""
        for one in text
    )  # fmt: skip


def line(text: str) -> str:
    """Return *text* on one line, without signs that could drive a terminal."""
    return plain(text).replace("\n", " ").replace("\t", " ")
