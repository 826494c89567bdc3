"""The data folder of the embedded store.

    lock           held by the supervisor and the store; a second start is refused
    root.keys      created once, mode 0600; without it nothing in the store can be decrypted
    store.sock     the socket on which the store listens, or a symlink to it
    appendonlydir  the store's files

Its mode is 0700.
"""

from __future__ import annotations

import fcntl
import os
import stat
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from restante.crypto import keyring

if TYPE_CHECKING:
    from pathlib import Path

FILES = ("lock", "root.keys")
"""The files that we open; only the store opens the others, and only we can write to the folder."""
LOCK_SECONDS = 2.0
"""How long a start waits for a predecessor that was killed just now."""


class StoreFailed(Exception):
    """The store cannot be started or reached; the message tells the operator why.

    Not a RestanteError, since web and worker never see it.
    """


class FolderTaken(StoreFailed):
    """Another process has the data folder."""


def take(data_dir: Path) -> int:
    """Create the folder, mode 0700, lock it, and return the lock's file descriptor.

    The folder stays locked while the descriptor is open, here or in a child process.

    Raises:
        FolderTaken: Another process has it.
        StoreFailed: It cannot be a private folder.
    """
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        _must_be_ours(data_dir, data_dir.stat())
        if data_dir.stat().st_mode & 0o077:
            if any(data_dir.iterdir()) and not (data_dir / "lock").exists():
                message = f"other users can read {data_dir}: make it private with chmod 700"
                raise StoreFailed(message)
            data_dir.chmod(0o700)
        for name in FILES:
            with suppress(FileNotFoundError):
                must_be_our_file(data_dir / name)
        lock = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as problem:
        message = f"the data folder {data_dir} cannot be used: {problem.strerror}"
        raise StoreFailed(message) from None
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() < deadline:
                time.sleep(0.05)
                continue
            os.close(lock)
            message = f"another Restante is using the data folder {data_dir}"
            raise FolderTaken(message) from None
        return lock


def must_be_our_file(path: Path) -> None:
    """Refuse a file that another user could have created or can read.

    Raises:
        StoreFailed: It is a symlink or no regular file, is another user's, or others can read it.
        FileNotFoundError: It does not exist.
    """
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode):
        message = f"{path} is not a plain file: look who put it there, and remove it"
        raise StoreFailed(message)
    _must_be_ours(path, found)
    if found.st_mode & 0o077:
        message = f"others can read or write {path}: chmod 600, and make new keys if it has any"
        raise StoreFailed(message)


def _must_be_ours(path: Path, found: os.stat_result) -> None:
    if found.st_uid != os.geteuid():
        message = (
            f"{path} belongs to another user (id {found.st_uid}), and Restante runs as"
            f" {os.geteuid()}: run it as that user, or give it a folder of its own"
        )
        raise StoreFailed(message)


def root_keys_file(data_dir: Path) -> Path:
    """Return the file with the embedded store's root keys; create it at the first start.

    Call it with the data folder locked, before the store is started.

    Raises:
        StoreFailed: The file is missing although the store has files: a new key could not
            decrypt the messages in them.
    """
    data_dir = data_dir.resolve()
    path, new = data_dir / "root.keys", data_dir / "root.keys.new"
    with suppress(FileNotFoundError):
        must_be_our_file(path)
        return path
    if any((data_dir / "appendonlydir").glob("*")):
        message = (
            f"{path} is missing, and without it no message in {data_dir} can be opened."
            " Bring it back, or start with an empty data folder"
        )
        raise StoreFailed(message)
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(keyring.new_key() + "\n")
        file.flush()
        os.fsync(file.fileno())
    new.rename(path)
    folder = os.open(data_dir, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
    return path
