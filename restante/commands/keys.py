"""`keys …`: the operator's root keys."""

from __future__ import annotations

import fcntl
import os
import secrets
from contextlib import suppress
from pathlib import Path

import click

from restante.errors import SettingsInvalid


@click.group
def keys() -> None:
    """Create root keys, without which no message can be opened."""


@keys.command
@click.option(
    "--into",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Put the key first into the keyring in FILE, mode 0600, and do not print it.",
)
def make(into: Path | None) -> None:
    """Create a new root key.

    It is printed on standard output, or put first into FILE.  New messages use the first key
    of the keyring; older messages open with the key that they were sealed with.
    """
    # Imported late: --help needs no cryptography.
    from restante.crypto.keyring import new_key  # noqa: PLC0415

    key = new_key()
    if into is None:
        click.echo(key)
        click.echo(
            "Keep it in a file and set RESTANTE_ROOT_KEYS_FILE to that file.  Keep it out of the"
            " store and its backups.\nIn a keyring the newest key is first, with commas between.",
            err=True,
        )
        return
    try:
        many = put_in_front(into.resolve(), key)
    except OSError as problem:
        raise click.FileError(str(into), problem.strerror) from None
    click.echo(
        f"The new key is the first of {many} in {into}. Restart the service."
        if many > 1
        else f"The new key is in {into}: set RESTANTE_ROOT_KEYS_FILE to this file.",
        err=True,
    )


def put_in_front(path: Path, key: str) -> int:
    """Put *key* first into the keyring in *path*, atomically; return the number of keys.

    Raises:
        SettingsInvalid: The file is not a keyring; it is left unchanged.
        OSError: The file cannot be read or written.
    """
    from restante.crypto.keyring import Keyring  # noqa: PLC0415

    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        # Of two writers at once, one would lose its key.
        fcntl.flock(folder, fcntl.LOCK_EX)
        owner = path.stat() if path.exists() else None
        ring = [key]
        if owner and (kept := path.read_text(encoding="utf-8", errors="replace").strip()):
            ring += kept.split(",")
        try:
            Keyring.parse(",".join(ring))
        except SettingsInvalid:
            message = f"{path} is not a list of root keys; it was not changed"
            raise SettingsInvalid([message]) from None
        _write(path, ",".join(word.strip() for word in ring) + "\n", owner)
        os.fsync(folder)
    finally:
        os.close(folder)
    return len(ring)


def _write(path: Path, written: str, owner: os.stat_result | None) -> None:
    new = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            if owner and (owner.st_uid, owner.st_gid) != (os.geteuid(), os.getegid()):
                # The service's user must still be able to read it.
                os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
            file.write(written)
            file.flush()
            os.fsync(file.fileno())
        new.rename(path)
    except BaseException:
        with suppress(OSError):
            new.unlink()
        raise
