"""Seals files and their manifest, as specified in docs/specs/file.md.

    blob     = 0x01 || chunk 0 || chunk 1 || … || last chunk
    chunk    = nonce(12) || AES-256-GCM(file key, nonce, piece, aad)
    share    = file secret XOR the share that the store keeps

Pieces have 64 KiB; the last is shorter, and can be empty.  Nothing here reads or writes files.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from restante.crypto.envelope import FORMAT, HEADER_SIZE, NONCE_SIZE, TAG_SIZE
from restante.crypto.tokens import SECRET_SIZE, Token, digest
from restante.errors import Damaged

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

    from restante.crypto.keyring import Keyring
    from restante.crypto.tokens import LinkToken

PIECE_SIZE = 65_536
CHUNK_SIZE = NONCE_SIZE + PIECE_SIZE + TAG_SIZE
OVERHEAD = NONCE_SIZE + TAG_SIZE
FILE_MOST = 2**40
KEY_SIZE = 32
SALT_SIZE = 32
SHARE_SIZE = 32
PADDED_TO = 1024
TOKEN_BYTES = NONCE_SIZE + KEY_SIZE + TAG_SIZE


def blob_size(size: int) -> int:
    """Return the length of the blob of a file of *size* bytes."""
    return 1 + size + OVERHEAD * (size // PIECE_SIZE + 1)


def file_size(length: int) -> int:
    """Return the size of the file in a blob of this length.

    Raises:
        Damaged: No blob has this length.
    """
    size = length - 1 - OVERHEAD * ((length - 1) // CHUNK_SIZE + 1)
    if size < 0 or blob_size(size) != length:
        raise Damaged
    return size


def check_blob(first: bytes, length: int, size: int) -> None:
    """Check a blob's first byte, and that its *length* fits a file of this *size*.

    Raises:
        Damaged: One of them is wrong: nothing of the blob may be given out.
    """
    if first != FORMAT or length != blob_size(size):
        raise Damaged


def chunk_at(number: int) -> int:
    """Return where in a blob this chunk begins."""
    return 1 + number * CHUNK_SIZE


def _derived(secret: bytes, info: bytes, salt: bytes | None = None) -> bytes:
    return HKDF(SHA256(), KEY_SIZE, salt=salt, info=info).derive(secret)


def new_salt() -> bytes:
    """Return 32 random bytes for a new upload."""
    return os.urandom(SALT_SIZE)


def new_share() -> bytes:
    """Return 32 random bytes: the store's share of a file secret."""
    return os.urandom(SHARE_SIZE)


def other_share(one: bytes, share: bytes) -> bytes:
    """Return *one* XOR *share*, 32 bytes each.

    A secret and one of its shares give the other share; both shares give the secret.
    """
    return bytes(a ^ b for a, b in zip(one, share, strict=True))


class UploadToken(Token):
    """The capability of one upload: who has it may add to the file, send it or cancel it."""

    kind = "U"

    @classmethod
    def new(cls, shard: int) -> Self:
        """Return a new token in the shard of the message that the file is for."""
        return cls(shard, os.urandom(SECRET_SIZE))

    @cached_property
    def blob_id(self) -> bytes:
        return digest("restante/v1/blob-id", self.secret)

    def file_secret(self, salt: bytes) -> bytes:
        """Return the secret that the manifest keeps: 32 bytes.

        *salt* is what the store keeps until the upload is sent.
        """
        return _derived(self.secret, b"restante/v1/file-secret", salt)


@dataclass(frozen=True, slots=True, repr=False)
class FileSeal:
    """Seals and opens the chunks of one blob."""

    blob_id: bytes
    _cipher: AESGCM

    @classmethod
    def of(cls, file_secret: bytes, blob_id: bytes) -> Self:
        return cls(blob_id, AESGCM(_derived(file_secret, b"restante/v1/file-key" + blob_id)))

    def close(self, piece: bytes, number: int, *, last: bool) -> bytes:
        """Return a chunk: 28 bytes longer than the piece.

        Only the last piece may, and must, have less than 65,536 bytes.
        """
        assert len(piece) < PIECE_SIZE if last else len(piece) == PIECE_SIZE
        nonce = os.urandom(NONCE_SIZE)
        return nonce + self._cipher.encrypt(nonce, piece, self._aad(number, last=last))

    def close_whole(self, pieces: bytes | memoryview, first: int) -> bytes:
        """Return the chunks of whole pieces, none of them the last, from number *first* on."""
        assert len(pieces) % PIECE_SIZE == 0
        view, parts = memoryview(pieces), list[bytes]()
        for place, start in enumerate(range(0, len(view), PIECE_SIZE)):
            nonce = os.urandom(NONCE_SIZE)
            aad = self._aad(first + place, last=False)
            parts += nonce, self._cipher.encrypt(nonce, view[start : start + PIECE_SIZE], aad)
        return b"".join(parts)

    def open(self, chunk: bytes | memoryview, number: int, *, last: bool) -> bytes:
        """Return the piece in a chunk.

        Raises:
            Damaged: See `restante.errors.Damaged`.
        """
        if (len(chunk) < CHUNK_SIZE) is not last:
            raise Damaged
        try:
            return self._cipher.decrypt(
                bytes(chunk[:NONCE_SIZE]), chunk[NONCE_SIZE:], self._aad(number, last=last)
            )
        except (InvalidTag, ValueError):
            raise Damaged from None

    def _aad(self, number: int, *, last: bool) -> bytes:
        return (
            b"restante/v1/chunk" + FORMAT + self.blob_id + number.to_bytes(8, "big") + bytes([last])
        )


class SealedFile(NamedTuple):
    """What a manifest says of one file.

    Attributes:
        size: In bytes, before it was sealed.
        type: Its media type, as the sender's program said.
        share: 32 bytes; with the store's share of its secret it opens this file only.
    """

    name: str
    size: int
    type: str
    blob_id: bytes
    share: bytes


def files_key(content_key: bytes) -> bytes:
    """Return the key of a version's manifest: 32 bytes."""
    return _derived(content_key, b"restante/v1/files-key")


def seal_manifest(
    files: Iterable[SealedFile], *, key: bytes, root_id: bytes, message_id: bytes, version: int
) -> bytes:
    """Return the sealed manifest of a version's files, in the sender's order."""
    facts = [
        {
            "name": its.name,
            "size": its.size,
            "type": its.type,
            "blob": its.blob_id.hex(),
            "share": base64.urlsafe_b64encode(its.share).decode().rstrip("="),
        }
        for its in files
    ]
    header, nonce = FORMAT + root_id, os.urandom(NONCE_SIZE)
    plain = json.dumps({"files": facts}, ensure_ascii=False, separators=(",", ":")).encode()
    plain += b" " * (-len(plain) % PADDED_TO)
    aad = _manifest_aad(header, message_id, version)
    return header + nonce + AESGCM(key).encrypt(nonce, plain, aad)


def open_manifest(
    sealed: bytes, *, key: bytes, message_id: bytes, version: int
) -> tuple[SealedFile, ...]:
    """Return the files of a version.

    Raises:
        Damaged: See `restante.errors.Damaged`.
    """
    if sealed[:1] != FORMAT or len(sealed) < HEADER_SIZE + NONCE_SIZE + TAG_SIZE:
        raise Damaged
    header, nonce = sealed[:HEADER_SIZE], sealed[HEADER_SIZE : HEADER_SIZE + NONCE_SIZE]
    aad = _manifest_aad(header, message_id, version)
    try:
        plain = AESGCM(key).decrypt(nonce, sealed[HEADER_SIZE + NONCE_SIZE :], aad)
    except (InvalidTag, ValueError):
        raise Damaged from None
    try:
        return tuple(map(_file, json.loads(plain)["files"]))
    except (KeyError, TypeError, ValueError):
        raise Damaged from None


def _file(its: dict[str, Any]) -> SealedFile:
    return SealedFile(
        name=its["name"],
        size=its["size"],
        type=its["type"],
        blob_id=bytes.fromhex(its["blob"]),
        share=base64.urlsafe_b64decode(its["share"] + "="),
    )


def _manifest_aad(header: bytes, message_id: bytes, version: int) -> bytes:
    return b"restante/v1/manifest" + header + message_id + version.to_bytes(4, "big")


def token_key(keyring: Keyring, wrapped: bytes) -> bytes:
    """Return the key of a link's files tokens: 32 bytes.

    It needs the link's *wrapped* key, and the root key that this names.

    Raises:
        Unavailable: That root key is not in the ring.
    """
    root_key = keyring[wrapped[1:HEADER_SIZE]]
    edge_key = hmac.digest(root_key, b"restante/v1/edge/" + b"files", hashlib.sha256)
    return hmac.digest(edge_key, wrapped, hashlib.sha256)


def close_files_token(key: bytes, *, token_key: bytes, link: LinkToken, reader_id: bytes) -> str:
    """Return the files token that one reader shows for each file: 80 characters."""
    nonce = os.urandom(NONCE_SIZE)
    sealed = AESGCM(token_key).encrypt(nonce, key, _token_aad(link, reader_id))
    return base64.urlsafe_b64encode(nonce + sealed).decode()


def open_files_token(
    written: str, *, token_key: bytes, link: LinkToken, reader_id: bytes
) -> bytes | None:
    """Return the files key in a token; None if it is not this reader's at this link."""
    try:
        raw = base64.urlsafe_b64decode(written)
        if len(raw) != TOKEN_BYTES or base64.urlsafe_b64encode(raw).decode() != written:
            return None
        nonce, sealed = raw[:NONCE_SIZE], raw[NONCE_SIZE:]
        return AESGCM(token_key).decrypt(nonce, sealed, _token_aad(link, reader_id))
    except (InvalidTag, ValueError):
        return None


def _token_aad(link: LinkToken, reader_id: bytes) -> bytes:
    return b"restante/v1/files-token" + link.link_id + reader_id
