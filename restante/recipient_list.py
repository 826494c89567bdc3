"""Reads a list of recipients as people type and paste it.  Pure: no I/O.

    one a line     Ana Torres; Ben             a line without a mail address is one name, or
                                               several with semicolons between them
    mail programs  Torres, Ana <ana@x.es>, "Luis" <l@y.es>; eva@z.es (Eva)
                                               what stands alone belongs to the next address
    tables (CSV)   Ana,ana@x.es                the address, and the first column as its name

Python's `email` and `csv` take names, quotes, comments and cells apart.  Only where one recipient
ends is decided here: `email` takes the comma of `Torres, Ana <ana@x.es>` for an end.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from email.utils import parseaddr
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from restante.email_address import mailbox
from restante.validation import normal

if TYPE_CHECKING:
    from collections.abc import Iterator

PIECE = re.compile(
    r'"[^"]*"'  # quoted
    r"|\([^()]*\)"  # a comment
    r"|<[^<>]*>"  # an address
    r"|[,;\t]"  # an end
    r'|[^"(<,;\t]+|.'
)
NOT_IN_NAMES = re.compile(r'[<>@";:\\()\[\]\s]+')
"""What `email_address.mailbox` takes in no name."""
DELIMITERS = "\t;,"
HEADINGS = frozenset(
    {
        *("name", "full name", "recipient", "email", "e-mail", "mail", "email address"),
        *("e-mail address", "nombre", "nombre completo", "destinatario", "correo"),
        *("correo electrónico", "dirección de correo"),
    }
)
TABLE_MOST = 256_000
"""Characters of a list that is read as a table."""
PIECE_MOST, BRACKETS_MOST = 1_000, 10
NAMED_MOST = 5
"""How many repeated recipients are named."""


class RecipientList(NamedTuple):
    """The labels, at most as many as were asked for, and those that are there twice."""

    labels: tuple[str, ...]
    repeated: tuple[str, ...]


def read(written: str, most: int) -> RecipientList:
    """Return the first *most* recipients in *written*, and the first of those that repeat."""
    found = _from_table(written)
    labels = tuple(islice(filter(None, _from_lines(written) if found is None else found), most))
    times = Counter(map(_identity, labels))
    repeated = {key: label for label in labels if times[key := _identity(label)] > 1}
    return RecipientList(labels, tuple(islice(repeated.values(), NAMED_MOST)))


def _identity(label: str) -> str:
    """Return what is the same for one recipient: the mail address, or else the name."""
    its = mailbox(label)
    return its.address.lower() if its else (normal(label[:1000]) or "").casefold()


def _label(name: str, address: str) -> str:
    """Return `name <address>`, with a name that `email_address.mailbox` takes."""
    name = NOT_IN_NAMES.sub(" ", name).strip(" ,")
    return f"{name} <{address}>" if name and name != address else address


def _is_address(written: str) -> bool:
    return "<" not in written and mailbox(written) is not None


def _from_table(written: str) -> Iterator[str] | None:
    """Return the labels in a table; None if it is none."""
    lines = [line for line in written[: TABLE_MOST + 1].splitlines() if line.strip()]
    if len(lines) < 2 or len(written) > TABLE_MOST:  # noqa: PLR2004 (one line is no table)
        return None
    text = "\n".join(lines)
    for delimiter in DELIMITERS:
        if delimiter in lines[0]:
            break
    else:
        delimiter = ","
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True))
    except csv.Error:
        return None
    rows = [[cell.strip() for cell in row] for row in rows]
    if rows and all(cell.casefold() in HEADINGS for cell in rows[0][:2]):
        return map(_from_row, rows[1:])
    width = len(rows[0])
    is_table = width > 1 and all(
        len(row) == width and sum(map(_is_address, row)) == 1 and "<" not in "".join(row)
        for row in rows
    )
    return map(_from_row, rows) if is_table else None


def _from_row(row: list[str]) -> str:
    first = row[0] if row else ""
    address = next(filter(_is_address, row), None)
    if address is None or mailbox(first):
        return first
    return _label(first, address)


def _from_lines(written: str) -> Iterator[str]:
    for line in written.splitlines():
        yield from _from_line(line.strip())


def _from_line(line: str) -> Iterator[str]:
    if "@" not in line:
        yield from _names(line)
        return
    before: list[str] = []
    for piece, end in _pieces(line):
        name, address = _taken_apart(piece)
        if mailbox(address):
            alone = [one.strip('"') for one in before]
            yield _label(", ".join([*alone, name] if name else alone), address)
            before = []
        elif piece:
            before.append(piece)
        if end == ";":
            yield from before
            before = []
    yield from before


def _taken_apart(piece: str) -> tuple[str, str]:
    # `parseaddr` calls itself for each bracket.
    if len(piece) > PIECE_MOST or piece.count("(") > BRACKETS_MOST:
        return "", ""
    return parseaddr(piece)


def _names(line: str) -> Iterator[str]:
    """Yield the names between semicolons; tabs part columns, of which the first is the name."""
    name = ""
    for piece, end in _pieces(line, ends=";\t"):
        name = name or piece
        if end != "\t":
            yield _unquoted(name)
            name = ""
    if name:
        yield _unquoted(name)


def _unquoted(name: str) -> str:
    is_quoted = len(name) > 1 and name[0] == name[-1] == '"' and name.count('"') == 2  # noqa: PLR2004
    return name[1:-1].strip() if is_quoted else name


def _pieces(line: str, ends: str = ",;\t") -> Iterator[tuple[str, str]]:
    """Yield what stands between ends that are neither quoted nor in a comment, and the end."""
    piece: list[str] = []
    for found in PIECE.finditer(line):
        if found[0] in ends:
            yield "".join(piece).strip(), found[0]
            piece = []
        else:
            piece.append(found[0])
    yield "".join(piece).strip(), ""
