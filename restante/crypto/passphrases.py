"""One spelling for a passphrase that people type, paste and dictate.

    form 1 = as it was given, in NFC
    form 2 = NFKC, then: dashes and quotes of typesetting as - ' ", unseen characters dropped,
             each run of blanks one blank, none at the ends, each run of dashes one dash

Keyboards, mail programs and word processors change these unasked.  New links use form 2; links
of the first version keep form 1 (docs/decisions/0051-one-spelling-for-a-passphrase.md).
"""

from __future__ import annotations

import re
import unicodedata

from restante.safe_text import shows_nothing

AS_GIVEN, NEWEST = 1, 2
TYPESET = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u02bc", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
    }
)
DASHES = re.compile("-{2,}")
"""Phones and word processors make one long dash of two."""


def spelled(passphrase: str, form: int = NEWEST) -> str:
    """Return the passphrase in a form; empty where form 2 leaves nothing."""
    if form == AS_GIVEN:
        return unicodedata.normalize("NFC", passphrase)
    plain = unicodedata.normalize("NFKC", passphrase.translate(TYPESET)).translate(TYPESET)
    seen = "".join(sign for sign in plain if sign.isspace() or not shows_nothing(sign))
    return DASHES.sub("-", unicodedata.normalize("NFKC", " ".join(seen.split())))
