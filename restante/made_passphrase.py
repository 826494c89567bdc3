"""Makes passphrases that people can say on the telephone: six words of their language.

The lists in `passphrase_words/` are our own.  Each has 512 words of 3 to 9 letters from a to z,
and no two that differ in one letter or, in Spanish, sound alike.  Six of them are 54 bits.
"""

from __future__ import annotations

import secrets
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "passphrase_words"
SOURCE = "en"
WORDS = 6


def make(language: str) -> str:
    """Return a new passphrase in a language by its code; English if it has no list."""
    words = known(language if (FOLDER / f"{language}.txt").is_file() else SOURCE)
    return " ".join(secrets.choice(words) for _ in range(WORDS))


@cache
def known(language: str) -> tuple[str, ...]:
    """Return the words of a language that has a list."""
    return tuple((FOLDER / f"{language}.txt").read_text("ascii").split())


def is_made(passphrase: str) -> bool:
    """Tell whether a passphrase looks as if it was made here."""
    words = passphrase.split()
    return len(words) == WORDS and any(
        set(words) <= set(known(path.stem)) for path in FOLDER.glob("*.txt")
    )
