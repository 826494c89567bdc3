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
    """Make root keys, without which no message opens."""


@keys.command
@click.option(
    "--into",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Put the key in front of the ring in FILE, mode 0600, and print nothing.",
)
def make(into: Path | None) -> None:
    """Make a new root key.

    It is printed on standard output, or put into FILE in front of what is there: new
    messages take the first key of the ring, old ones open with theirs.
    """
    # Imported late: --help needs no cryptography.
    from restante.crypto.keyring import new_key  # noqa: PLC0415

    key = new_key()
    if into is None:
        click.echo(key)
        click.echo(
            "Keep it in a file that RESTANTE_ROOT_KEYS_FILE names, out of the store and its"
            " backups.\nIn a ring the newest stands first, a comma between.",
            err=True,
        )
        return
    try:
        many = put_in_front(into.resolve(), key)
    except OSError as problem:
        raise click.FileError(str(into), problem.strerror) from None
    click.echo(
        f"The new key stands first of {many} in {into}. Start the service anew."
        if many > 1
        else f"The new key stands in {into}: name it with RESTANTE_ROOT_KEYS_FILE.",
        err=True,
    )


def put_in_front(path: Path, key: str) -> int:
    """Put *key* in front of the ring in *path*, whole or not at all; return how many it holds.

    Raises:
        SettingsInvalid: What is there is no ring; it stays as it is.
        OSError: The file cannot be read or written.
    """
    from restante.crypto.keyring import Keyring  # noqa: PLC0415

    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        # Two at once would each keep only their own key.
        fcntl.flock(folder, fcntl.LOCK_EX)
        owner = path.stat() if path.exists() else None
        ring = [key]
        if owner and (kept := path.read_text(encoding="utf-8", errors="replace").strip()):
            ring += kept.split(",")
        try:
            Keyring.parse(",".join(ring))
        except SettingsInvalid:
            message = f"{path} holds what is no ring of root keys; it was left as it is"
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
                # Whoever reads the ring must still be able to.
                os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
            file.write(written)
            file.flush()
            os.fsync(file.fileno())
        new.rename(path)
    except BaseException:
        with suppress(OSError):
            new.unlink()
        raise
