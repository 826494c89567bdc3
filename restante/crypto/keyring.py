"""The operator's root keys: a ring, newest first."""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from typing import TYPE_CHECKING, Self

from restante.errors import SettingsInvalid, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterable

KEY_SIZE = 32
KEY_ID_SIZE = 4
LEAST_DISTINCT = 16
"""32 random bytes have about 30 distinct values; fewer than 16 has a chance below 2**-60."""


def key_id(root_key: bytes) -> bytes:
    """Return the 4 bytes that a link remembers its root key by."""
    return hashlib.sha256(b"restante/v1/root-key-id" + root_key).digest()[:KEY_ID_SIZE]


def new_key() -> str:
    """Return a fresh root key as the operator writes it: base64url of 32 random bytes."""
    return base64.urlsafe_b64encode(secrets.token_bytes(KEY_SIZE)).decode()


class Keyring:
    """Root keys by id.  New things are sealed under the newest; old ones open under theirs."""

    def __init__(self, root_keys: Iterable[bytes]) -> None:
        self._keys = {key_id(key): key for key in root_keys}
        self.newest_id = next(iter(self._keys))
        self.ids = tuple(self._keys)

    def __repr__(self) -> str:
        return f"<Keyring of {len(self._keys)}>"

    @classmethod
    def parse(cls, written: str) -> Self:
        """Read keys as base64url of 32 bytes each, newest first, comma between.

        Raises:
            SettingsInvalid: None, malformed, weak or repeated keys.  Never echoes them.
        """
        keys = []
        problems = []
        for place, word in enumerate((w.strip() for w in written.split(",")), start=1):
            try:
                key = base64.b64decode(word + "=" * (-len(word) % 4), altchars=b"-_", validate=True)
            except (binascii.Error, ValueError):
                key = b""
            if len(key) != KEY_SIZE:
                problems.append(f"root key {place} is not base64url of {KEY_SIZE} bytes")
            elif len(set(key)) < LEAST_DISTINCT or (key.isascii() and key.decode().isprintable()):
                problems.append(f"root key {place} is weak: it must come from a random generator")
            elif key in keys:
                problems.append(f"root key {place} stands in the ring twice")
            keys.append(key)
        if not problems and len({key_id(key) for key in keys}) < len(keys):
            problems.append("two root keys share an id: make another")
        if problems:
            raise SettingsInvalid(problems)
        return cls(keys)

    def __getitem__(self, root_id: bytes) -> bytes:
        """Return the 32-byte root key.

        Raises:
            Unavailable: Not in the ring; nothing must be claimed then.
        """
        try:
            return self._keys[root_id]
        except KeyError:
            raise Unavailable from None

    @property
    def newest(self) -> bytes:
        return self._keys[self.newest_id]
