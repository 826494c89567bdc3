"""The blobs of file.json, for the tests: made again, and the same as the frozen hashes say."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from tests.vectors.make_files import assembled, file_blobs

FILE = json.loads((Path(__file__).parent / "file.json").read_text("utf-8"))


@cache
def made() -> dict[str, bytes]:
    return file_blobs()


def good(case: dict[str, Any]) -> bytes:
    """Return the blob of one of `blobs` and `odd_blobs`."""
    return checked(case, made()[case["name"]])


def bad(case: dict[str, Any]) -> bytes:
    """Return one of `rejected_blobs`."""
    parts = [part if isinstance(part, str) else tuple(part) for part in case["parts"]]
    return checked(case, assembled(parts, made()))


def plain(case: dict[str, Any]) -> bytes:
    """Return what is in one of `blobs`."""
    whole = hashlib.shake_256(f"restante test vectors: file {case['content']}".encode())
    return whole.digest(case["size"])


def checked(case: dict[str, Any], blob: bytes) -> bytes:
    assert hashlib.sha256(blob).hexdigest() == case["sha256"]
    return blob
