r"""Finds a token in what is left of an address that went through other programs.

Mail programs put quotes, blanks or marks of direction around an address, break it into lines, or
escape it once more.  The alphabet of a token has none of that, so it can be undone:

    quoted-printable    =3D before it, "=" and a line break inside, =5F for "_"
    percent signs       %5F for "_", once or twice
    HTML                &#95; for "_"
    Markdown            \_ for "_"
    Proofpoint v2       -5F for "_", -2D for "-", "_" for "/"
    Outlook, Proofpoint v3    the address whole behind another, and more behind it

What is found is a guess at what was meant.  It has to be read exactly after that.
"""

from __future__ import annotations

import html
import re
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterator

PASTED_MOST = 4_096
"""Characters that are looked at."""
GUESSES_MOST = 50
"""In one spelling: an address with more places where a token could begin has none."""
NO_LETTER = re.compile(r"[^A-Za-z0-9_-]+")
SOFT_BREAK = re.compile(r"=[ \t]*\r?\n")
QUOTED_PRINTABLE = re.compile(r"=([0-9A-Fa-f]{2})")
PROOFPOINT = re.compile(r"-([0-9A-F]{2})")
BARE_DASH = re.compile(r"-(?![0-9A-F]{2})")
PAGE = re.compile(r"/(?:[ms]|sent)/")


def token_signs(written: str) -> str:
    """Return what was typed or pasted as a token, without what can be no part of one."""
    return NO_LETTER.sub("", written[:PASTED_MOST])


def guesses(pasted: str, kind: str, length: int) -> Iterator[str]:
    """Yield what may be a token of this kind, the likeliest first: *length* characters each."""
    spellings = dict.fromkeys(_spellings(pasted[:PASTED_MOST]))
    runs = [NO_LETTER.split(written) for written in spellings]
    # Whole in one piece; whole but for what stood inside; and with letters close behind it.
    yield from (run for some in runs for run in some if len(run) == length and run[0] == kind)
    yield from (one for some in runs if len(one := "".join(some)) == length and one[0] == kind)
    for some in runs:
        places = (place for place, run in enumerate(some) if run.startswith(kind))
        for place in islice(places, GUESSES_MOST):
            yield "".join(some[place : place + length])[:length]


def _spellings(pasted: str) -> Iterator[str]:
    """Yield what was pasted as it is, and with each kind of escape undone."""
    for written in (pasted, *_decoded(pasted)):
        yield written
        # An address within another: what comes behind the page's name.
        parts = PAGE.split(written)
        if len(parts) > 1:
            yield parts[-1]


def _decoded(pasted: str) -> Iterator[str]:
    yield _from_hex(QUOTED_PRINTABLE, SOFT_BREAK.sub("", pasted))
    once = unquote(pasted)
    yield once
    yield unquote(once)
    yield html.unescape(pasted)
    if "-" in pasted and not BARE_DASH.search(pasted):
        yield _from_hex(PROOFPOINT, pasted.replace("_", "/"))


def _from_hex(escape: re.Pattern[str], written: str) -> str:
    return escape.sub(lambda found: chr(int(found[1], 16)), written)
