"""The form of an append-only file: commands as RESP arrays, one after the other.

A base file is a snapshot (RDB), which only the store reads, unless an earlier version wrote it.

This only reads, and without a server: a server that can load a file starts to write to it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from pathlib import Path

LINE_MOST = 32
CHUNK = 64 * 1024


class _TornError(Exception):
    """The file ends within a command."""


def whole_until(path: Path) -> tuple[int, bool]:
    """Return where the last whole command ends, and whether only a torn one follows.

    A torn command is incomplete, or zeros: a file system can leave zeros where it had no time to
    write.  The commands from MULTI to EXEC count as one.
    """
    whole, in_transaction = 0, False
    with path.open("rb") as file:
        end = _end_before_zeros(file)
        file.seek(0)
        try:
            while file.tell() < end:
                name = _command(file, end)
                if name == b"MULTI":
                    in_transaction = True
                elif name == b"EXEC":
                    in_transaction = False
                if not in_transaction:
                    whole = file.tell()
        except _TornError:
            return whole, True
        except ValueError:
            return whole, False
    return whole, True


def _end_before_zeros(file: BinaryIO) -> int:
    """Return the size without zeros at the end; no whole command ends with one."""
    end = file.seek(0, 2)
    while end:
        start = max(0, end - CHUNK)
        file.seek(start)
        kept = len(file.read(end - start).rstrip(b"\0"))
        if kept:
            return start + kept
        end = start
    return 0


def _command(file: BinaryIO, end: int) -> bytes:
    """Read one command; return its name in capitals, or nothing for a comment."""
    name = b""
    for number in range(_number(file, b"*", end)):
        length = _number(file, b"$", end)
        if file.tell() + length + 2 > end:
            raise _TornError
        if number == 0 and length < LINE_MOST:
            name = file.read(length).upper()
        else:
            file.seek(length, 1)
        if file.read(2) != b"\r\n":
            raise ValueError
    return name


def _number(file: BinaryIO, mark: bytes, end: int) -> int:
    line = file.readline(LINE_MOST)
    if found := re.fullmatch(re.escape(mark) + rb"(\d{1,18})\r\n", line):
        return int(found[1])
    if file.tell() >= end and re.fullmatch(re.escape(mark) + rb"?\d*\r?\0*", line):
        raise _TornError
    raise ValueError
