"""The operator's root keys: a keyring, newest first."""

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
"""Fewer distinct bytes mean a weak key: of 32 random bytes about 30 are distinct.

The probability of fewer than 16 is below 2**-60.
"""


def key_id(root_key: bytes) -> bytes:
    """Return a root key's id, 4 bytes; each link stores the id of its root key."""
    return hashlib.sha256(b"restante/v1/root-key-id" + root_key).digest()[:KEY_ID_SIZE]


def new_key() -> str:
    """Return a new root key for the settings: base64url of 32 random bytes."""
    return base64.urlsafe_b64encode(secrets.token_bytes(KEY_SIZE)).decode()


class Keyring:
    """Root keys by id.  The newest one seals; every one can open what it sealed."""

    def __init__(self, root_keys: Iterable[bytes]) -> None:
        self._keys = {key_id(key): key for key in root_keys}
        self.newest_id = next(iter(self._keys))
        self.ids = tuple(self._keys)

    def __repr__(self) -> str:
        return f"<Keyring of {len(self._keys)}>"

    @classmethod
    def parse(cls, written: str) -> Self:
        """Parse comma-separated keys, newest first, each base64url of 32 bytes.

        Raises:
            SettingsInvalid: No key, or malformed, weak or repeated keys.  Never echoes them.
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
                problems.append(f"root key {place} is listed twice")
            keys.append(key)
        if not problems and len({key_id(key) for key in keys}) < len(keys):
            problems.append("two root keys share an id: make another")
        if problems:
            raise SettingsInvalid(problems)
        return cls(keys)

    def __getitem__(self, root_id: bytes) -> bytes:
        """Return the 32-byte root key.

        Raises:
            Unavailable: Not in the keyring.  Callers check this before they claim a view.
        """
        try:
            return self._keys[root_id]
        except KeyError:
            raise Unavailable from None

    @property
    def newest(self) -> bytes:
        return self._keys[self.newest_id]
