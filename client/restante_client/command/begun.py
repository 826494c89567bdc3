"""Sends and reads that began: their keys, kept before anything happens.

If the command is killed, the next start with the same request or link finds the key, and so
sends or spends nothing twice.  Neither a key nor a digest in this file opens anything: a reader
key needs its link, an idempotency key the whole request.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from typing import Any

from restante_client.command.files import Store
from restante_client.verbs import new_key

DAY = 86_400
FRESH = 600
"""Seconds in which a read that began goes on without a second question."""
_EMPTY: dict[str, Any] = {"sends": [], "reads": []}


@dataclass(frozen=True, slots=True)
class Begun:
    """A send or read: its key, when it began, and whether an earlier start of the command did.

    `message` is the id of the message that the earlier start sent, if it heard of that.
    """

    name: str
    key: str
    at: float
    is_old: bool
    message: str | None = None

    @property
    def is_fresh(self) -> bool:
        return self.is_old and time.time() - self.at < FRESH


def _store() -> Store:
    return Store("begun.json", _EMPTY)


def begin_send(request: bytes, *, has_files: bool = False) -> Begun:
    """Return the key of this request: that of the last day's same request, or a new one.

    With files the request is the same only as long as the command runs, because upload tokens are
    not kept.  So an earlier start that may have sent it, and heard nothing of that, does not count:
    nobody has the links of that message.
    """
    with _store().change() as held:
        _forget_old(held)
        for one in [*held["sends"]]:
            if hmac.compare_digest(_digest(request, one["salt"]), one["digest"]):
                message = one.get("message")
                if has_files and one.get("posted") and not message:
                    held["sends"].remove(one)
                    break
                return Begun(one["digest"], one["key"], one["at"], is_old=True, message=message)
        salt, now = secrets.token_hex(16), time.time()
        digest = _digest(request, salt)
        key = new_key()
        held["sends"].append({"digest": digest, "salt": salt, "key": key, "at": now})
    return Begun(digest, key, now, is_old=False)


def note_send(begun: Begun, **facts: object) -> None:
    """Keep that the request goes out (`posted`), or which `message` came of it."""
    with _store().change() as held:
        for one in held["sends"]:
            if one["key"] == begun.key:
                one.update(facts)


def begin_read(server: str, token: str) -> Begun:
    """Return the reader key for this link: the one that an earlier start kept, or a new one."""
    name = link_name(server, token)
    with _store().change() as held:
        _forget_old(held)
        for one in held["reads"]:
            if one["link"] == name:
                return Begun(name, one["key"], one["at"], is_old=True)
        key, now = new_key(), time.time()
        held["reads"].append({"link": name, "key": key, "at": now})
    return Begun(name, key, now, is_old=False)


def find_read(server: str, token: str) -> Begun | None:
    """Return what an earlier start kept for this link, if it did."""
    name = link_name(server, token)
    for one in _store().read()["reads"]:
        if one["link"] == name and time.time() - one["at"] < DAY:
            return Begun(name, one["key"], one["at"], is_old=True)
    return None


def end(begun: Begun) -> None:
    """Forget a send or read that is done, or that was refused."""
    with _store().change() as held:
        held["sends"] = [one for one in held["sends"] if one["key"] != begun.key]
        held["reads"] = [one for one in held["reads"] if one["key"] != begun.key]


def link_name(server: str, token: str) -> str:
    """Return what a link is known by in the file: a hash, which opens nothing."""
    return hashlib.sha256(f"{server}\n{token}".encode()).hexdigest()


def _digest(request: bytes, salt: str) -> str:
    # Slow, because a request can be short: from a fast hash its text could be guessed.
    its = hashlib.sha256(request).digest()
    return hashlib.scrypt(its, salt=bytes.fromhex(salt), n=2**14, r=8, p=1, dklen=32).hex()


def _forget_old(held: dict[str, Any]) -> None:
    oldest = time.time() - DAY
    for kind in ("sends", "reads"):
        held[kind] = [one for one in held[kind] if one["at"] > oldest]
