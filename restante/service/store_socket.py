"""The socket of the embedded store: its path, and PING without a client library."""

from __future__ import annotations

import os
import socket
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from restante.service.data_folder import SOCKET

PATH_MOST = 100
"""Bytes; the system's limit is 104 or 108."""
TEMPORARY = "restante-"
PONG = b"+PONG"


def url_of(path: Path) -> str:
    """Return the URL of the store that listens at *path*."""
    return f"unix://{quote(str(path))}"


def ping(path: Path) -> bytes:
    """Return the reply of the store at *path* to PING; empty if it does not answer.

    Written by hand, because the client library takes a third of a second to import.
    """
    with suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        connection.connect(str(path))
        connection.sendall(b"PING\r\n")
        return connection.recv(64)
    return b""


def visible(data_dir: Path) -> Path:
    """Return the path of the socket in a data folder, or of the symlink to it."""
    return data_dir / SOCKET


def place(data_dir: Path) -> Path:
    """Remove the socket of a killed predecessor; return the path of the new one."""
    clear(data_dir)
    here = visible(data_dir)
    if len(os.fsencode(here)) <= PATH_MOST:
        return here
    elsewhere = Path(tempfile.mkdtemp(prefix=TEMPORARY)) / here.name
    here.symlink_to(elsewhere)
    return elsewhere


def clear(data_dir: Path) -> None:
    """Remove the socket, and its temporary folder if it is in one."""
    here = visible(data_dir)
    if here.is_symlink():
        target = here.readlink()
        if target.name == here.name and target.parent.name.startswith(TEMPORARY):
            # Another user may have created the symlink: remove nothing but our own folder.
            with suppress(OSError):
                is_ours = target.parent.lstat().st_uid == os.geteuid()
                if is_ours and stat.S_ISSOCK(target.lstat().st_mode):
                    target.unlink()
            with suppress(OSError):
                target.parent.rmdir()
    here.unlink(missing_ok=True)
