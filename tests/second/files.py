"""Blobs, manifests and files tokens, from docs/specs/file.md alone.

Standard library and `cryptography` only, as `sealed`.  It gives out nothing before it is checked.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, NamedTuple

from tests.second.sealed import (
    Rejected,
    decrypt,
    edge_key,
    expand,
    extract,
    link_id,
    mac,
    reader_id,
    sha16,
    split,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

PIECE = 65_536
CHUNK = 65_564
TOKEN_BYTES = 60


class Entry(NamedTuple):
    """What a manifest says of a file; it needs the store's share, too."""

    name: str
    size: int
    type: str
    blob_id: bytes
    share: bytes

    def file(self, share: bytes) -> File:
        """Return the file, with the store's share of its secret."""
        secret = (int.from_bytes(self.share, "big") ^ int.from_bytes(share, "big")).to_bytes(
            32, "big"
        )
        return File(self.name, self.size, self.type, self.blob_id, secret)


class File(NamedTuple):
    """What opens a blob."""

    name: str
    size: int
    type: str
    blob_id: bytes
    secret: bytes


def blob_id(upload_secret: bytes) -> bytes:
    return sha16("restante/v1/blob-id", upload_secret)


def file_secret(upload_secret: bytes, salt: bytes) -> bytes:
    return expand(extract(salt, upload_secret), b"restante/v1/file-secret", 32)


def file_key(secret: bytes, its_blob: bytes) -> bytes:
    return expand(extract(b"", secret), b"restante/v1/file-key" + its_blob, 32)


def blob_length(size: int) -> int:
    return 1 + size + 28 * (size // PIECE + 1)


def size_in(length: int) -> int:
    """Return the size of the file in a blob of this length."""
    whole, rest = divmod(length - 1, CHUNK)
    if length < 1 or rest < 28:
        raise Rejected
    return whole * PIECE + rest - 28


def open_blob(blob: bytes, its: File) -> Iterator[bytes]:
    """Yield the pieces of a file."""
    if blob[:1] != b"\x01" or len(blob) != blob_length(its.size):
        raise Rejected
    for number in range(its.size // PIECE + 1):
        start = 1 + number * CHUNK
        yield open_chunk(blob[start : start + CHUNK], its, number)


def open_chunk(chunk: bytes, its: File, number: int) -> bytes:
    """Return one piece, of a blob whose format and length are good."""
    last = number == its.size // PIECE
    if not 28 <= len(chunk) <= CHUNK or (len(chunk) == CHUNK) == last:
        raise Rejected
    aad = b"restante/v1/chunk\x01" + its.blob_id + number.to_bytes(8, "big") + bytes([last])
    return decrypt(file_key(its.secret, its.blob_id), chunk, aad)


def files_key(content_key: bytes) -> bytes:
    return expand(extract(b"", content_key), b"restante/v1/files-key", 32)


def open_manifest(key: bytes, manifest: bytes, mid: bytes, version: int) -> list[Entry]:
    """Return the files of a version; the key is a files key."""
    header, rest = split(manifest)
    aad = b"restante/v1/manifest" + header + mid + version.to_bytes(4, "big")
    plain = decrypt(key, rest, aad)
    try:
        return [
            Entry(one["name"], one["size"], one["type"], bytes.fromhex(one["blob"]),
                 base64.urlsafe_b64decode(one["share"] + "="))
            for one in json.loads(plain)["files"]
        ]  # fmt: skip
    except (KeyError, TypeError, ValueError):
        raise Rejected from None


def open_token(
    root_key: bytes, wrapped: bytes, link_secret: bytes, reader: str, token: str
) -> bytes:
    """Return the files key; the root key is the one that the wrapped key's header names."""
    try:
        raw = base64.urlsafe_b64decode(token)
    except ValueError:
        raise Rejected from None
    if len(raw) != TOKEN_BYTES or base64.urlsafe_b64encode(raw).decode() != token:
        raise Rejected
    key = mac(edge_key(root_key, "files"), wrapped)
    lid = link_id(link_secret)
    return decrypt(key, raw, b"restante/v1/files-token" + lid + reader_id(link_secret, reader))
