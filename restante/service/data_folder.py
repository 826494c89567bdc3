"""The data folder of the embedded store.

    lock           held by the supervisor and the store; a second start is refused
    root.keys      created once, mode 0600; without it nothing in the store can be decrypted
    store.sock     the socket on which the store listens, or a symlink to it
    appendonlydir  the store's files
    store.sizes    the sizes of these that were certainly on the disk

Its mode is 0700.  All these belong to the user who serves; others can neither read nor write them.
"""

from __future__ import annotations

import fcntl
import os
import stat
import time
from contextlib import suppress
from pathlib import Path

from restante.crypto import keyring

STORE_FOLDER = "appendonlydir"
SOCKET = "store.sock"
SIZES = "store.sizes"
FILES = ("lock", "root.keys", SIZES)
"""The files that we open; only the store opens the others."""
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
        _must_lie_safely(data_dir)
        _must_be_ours(data_dir, data_dir.stat())
        if data_dir.stat().st_mode & 0o077:
            if any(data_dir.iterdir()) and not (data_dir / "lock").exists():
                message = f"other users can read {data_dir}: make it private with chmod 700"
                raise StoreFailed(message)
            data_dir.chmod(0o700)
        _must_be_ours_within(data_dir)
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
    _must_be(path, "plain file", stat.S_IFREG)
    _must_be_private(path, "chmod 600, and make new keys if it has any")


def _must_be_ours_within(data_dir: Path) -> None:
    for name in FILES:
        with suppress(FileNotFoundError):
            must_be_our_file(data_dir / name)
    with suppress(FileNotFoundError):
        _must_be(data_dir / SOCKET, "socket", stat.S_IFSOCK, stat.S_IFLNK)
    folder = data_dir / STORE_FOLDER
    with suppress(FileNotFoundError):
        _must_be(folder, "folder", stat.S_IFDIR)
        _must_be_private(folder, f"chmod -R go= {data_dir}")
        # A store that still runs may be removing some.
        for path in folder.iterdir():
            with suppress(FileNotFoundError):
                must_be_our_file(path)


def _must_lie_safely(data_dir: Path) -> None:
    """Refuse a data folder that another user could rename or replace.

    Root could do that anyway, and so could the owner of this program.
    """
    trusted = {os.geteuid(), Path("/").stat().st_uid, Path(__file__).stat().st_uid}
    for folder in data_dir.parents:
        if (owner := folder.stat().st_uid) not in trusted:
            message = (
                f"{folder} belongs to another user (id {owner}), who could put another folder in"
                f" the place of {data_dir}: choose another RESTANTE_DATA_DIR"
            )
            raise StoreFailed(message)


def _must_be(path: Path, what: str, *kinds: int) -> None:
    if stat.S_IFMT(path.lstat().st_mode) not in kinds:
        message = f"{path} is not a {what}: look who put it there, and remove it"
        raise StoreFailed(message)


def _must_be_private(path: Path, remedy: str) -> None:
    found = path.lstat()
    _must_be_ours(path, found)
    if found.st_mode & 0o077:
        message = f"others can read or write {path}: {remedy}"
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
    path = data_dir / "root.keys"
    with suppress(FileNotFoundError):
        must_be_our_file(path)
        return path
    if any((data_dir / STORE_FOLDER).glob("*")):
        message = (
            f"{path} is missing, and without it no message in {data_dir} can be opened."
            " Bring it back, or start with an empty data folder"
        )
        raise StoreFailed(message)
    write(path, keyring.new_key() + "\n")
    return path


def write(path: Path, text: str) -> None:
    """Replace a file of the data folder, mode 0600; a crash leaves the old text or the new one."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
