"""Which files may be shown in the browser, as what, and under which policy.

Only a few kinds, and only if the sender's type and the first bytes agree.  Never a kind that can
run scripts: no HTML, no SVG.  Each is shown in a document of its own, without our origin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

BEGINNING = 1_024
"""How many bytes of a file tell its kind."""
MOST = 64 * 1024 * 1024
"""Larger files are only downloaded: a browser shows the whole of it."""
SEALED_OFF = (
    "sandbox; default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PICTURE = f"{SEALED_OFF}; img-src 'self' data:; style-src 'unsafe-inline'"
TEXT = f"{SEALED_OFF}; style-src 'unsafe-inline'"
PDF = f"{SEALED_OFF}; object-src 'self'; style-src 'unsafe-inline'"
"""Chromium's viewer, which has an origin of its own, also starts in a sandbox (seen in 156)."""
AVIF_BRANDS = (b"avif", b"avis")


class Kind(NamedTuple):
    """How a file is shown: its media type in the answer, its policy, and how it is recognized."""

    media_type: str
    policy: str
    begins_so: Callable[[bytes], bool]


def _begins(*marks: bytes) -> Callable[[bytes], bool]:
    return lambda first: first.startswith(marks)


def _is_webp(first: bytes) -> bool:
    return first[:4] == b"RIFF" and first[8:12] == b"WEBP"


def _is_avif(first: bytes) -> bool:
    return first[4:8] == b"ftyp" and first[8:12] in AVIF_BRANDS


def _is_text(first: bytes) -> bool:
    if b"\0" in first:
        return False
    try:
        first.decode()
    except UnicodeDecodeError as error:
        # The last character may go on behind what was read.
        return len(first) == BEGINNING and error.start > BEGINNING - 4 and "end" in error.reason
    return True


KINDS = {
    "image/png": Kind("image/png", PICTURE, _begins(b"\x89PNG\r\n\x1a\n")),
    "image/jpeg": Kind("image/jpeg", PICTURE, _begins(b"\xff\xd8\xff")),
    "image/gif": Kind("image/gif", PICTURE, _begins(b"GIF87a", b"GIF89a")),
    "image/webp": Kind("image/webp", PICTURE, _is_webp),
    "image/avif": Kind("image/avif", PICTURE, _is_avif),
    "application/pdf": Kind("application/pdf", PDF, _begins(b"%PDF-")),
    "text/plain": Kind("text/plain; charset=utf-8", TEXT, _is_text),
}


def may_show(media_type: str, size: int) -> bool:
    """Tell whether to offer to show a file, by what its sender says of it."""
    return media_type in KINDS and 0 < size <= MOST


def kind_of(media_type: str, size: int, first: bytes) -> Kind | None:
    """Return how to show a file that begins with *first*; None if it is only downloaded."""
    if not may_show(media_type, size):
        return None
    kind = KINDS[media_type]
    return kind if kind.begins_so(first) else None
