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

import codecs
import csv
import io
import re
from collections import Counter
from contextlib import suppress
from email.utils import parseaddr
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from restante.email_address import mailbox
from restante.safe_text import unshown
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
QUOTED = re.compile(r'"[^"]*"')
NOT_IN_NAMES = re.compile(r'[<>@";:\\()\[\]\s]+')
"""What `email_address.mailbox` takes in no name."""
APOSTROPHES = re.compile(r"'([^'<>]+)' *<([^<>]+)>")
"""Outlook writes so what is in nobody's address book: `'ana@x.es' <ana@x.es>`."""
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
FILE_MOST = 256_000
"""Bytes of a file."""
PIECE_MOST, BRACKETS_MOST = 1_000, 10
NAMED_MOST = 5
"""How many repeated recipients are named."""


class RecipientList(NamedTuple):
    """The labels of the recipients, as they are in the list."""

    labels: tuple[str, ...]

    @property
    def repeated(self) -> tuple[str, ...]:
        """Who is there more than once: the last label of each, the first few of them."""
        times = Counter(map(_identity, self.labels))
        repeated = {key: label for label in self.labels if times[key := _identity(label)] > 1}
        return tuple(islice(repeated.values(), NAMED_MOST))

    @property
    def joined(self) -> tuple[str, ...]:
        """Names with a comma before an address, which could be two people; the first few."""
        boxes = (mailbox(label) for label in self.labels)
        return tuple(islice((box.name for box in boxes if box and "," in box.name), NAMED_MOST))

    def once(self) -> RecipientList:
        """Return the list with each recipient once, by the label that has a name."""
        first: dict[str, str] = {}
        for label in self.labels:
            key = _identity(label)
            if key not in first or (first[key].casefold() == key and label.casefold() != key):
                first[key] = label
        return RecipientList(tuple(first.values()))

    def numbered(self) -> RecipientList:
        """Return the list with `(2)` after the second name of the same spelling, and so on."""
        times: Counter[str] = Counter()
        labels = []
        for label in self.labels:
            times[key := _identity(label)] += 1
            labels.append(label if mailbox(label) or times[key] == 1 else f"{label} ({times[key]})")
        return RecipientList(tuple(labels))

    def written(self) -> str:
        """Return the list one a line, as `read` reads it."""
        return "\n".join(map(_line, self.labels))


def read(written: str, most: int, *, is_table: bool = False) -> RecipientList:
    """Return the first *most* recipients in *written*; *is_table* if it is known to be CSV."""
    found = _from_table(written, is_known=is_table)
    labels = islice(filter(None, _from_lines(written) if found is None else found), most)
    return RecipientList(tuple(labels))


def read_file(content: bytes, name: str, most: int) -> RecipientList | None:
    """Return the first *most* recipients in a text file; None if it is too large or no text.

    It is CSV if its *name* ends so; others are read as if they were pasted.  Spreadsheets save in
    UTF-8, in UTF-16 with its mark, or in Windows' own charset.
    """
    if len(content) > FILE_MOST:
        return None
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        charsets = ("utf-16",)
    else:
        charsets = ("utf-8-sig", "cp1252")  # type: ignore[assignment]
    for charset in charsets:
        with suppress(UnicodeDecodeError):
            text = content.decode(charset)
            is_table = name.lower().endswith((".csv", ".tsv"))
            return None if unshown(text) else read(text, most, is_table=is_table)
    return None


def _line(label: str) -> str:
    """Return a line that is read as this label: in quotes if it would be taken apart."""
    quoted = f'"{label}"'
    return quoted if read(label, 2).labels != (label,) == read(quoted, 2).labels else label


def _identity(label: str) -> str:
    """Return what is the same for one recipient: the mail address, or else the name."""
    its = mailbox(label)
    return its.address.lower() if its else (normal(label[:1000]) or "").casefold()


def _label(name: str, address: str) -> str:
    """Return `name <address>`, with a name that `email_address.mailbox` takes."""
    name = "" if name == address else NOT_IN_NAMES.sub(" ", name).strip(" ,")
    return f"{name} <{address}>" if name else address


def _is_address(written: str) -> bool:
    return "<" not in written and mailbox(written) is not None


def _from_table(written: str, *, is_known: bool = False) -> Iterator[str] | None:
    """Return the labels in a table; None if it is none, or has only one column."""
    lines = [line for line in written[: TABLE_MOST + 1].splitlines() if line.strip()]
    if len(lines) < 2 - is_known or len(written) > TABLE_MOST:
        return None
    text = "\n".join(lines)
    first = QUOTED.sub("", lines[0])
    delimiter = next((one for one in DELIMITERS if one in first), ",")
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True))
    except csv.Error:
        return None
    rows = [[cell.strip() for cell in row] for row in rows]
    headings = rows[0][: 1 if is_known else 2]
    if all(cell.casefold() in HEADINGS for cell in headings):
        return map(_from_row, rows[1:])
    if any("<" in cell for row in rows for cell in row):
        return None
    width = len(rows[0])
    is_table = is_known or all(
        len(row) == width and sum(map(_is_address, row)) == 1 for row in rows
    )
    return map(_from_row, rows) if is_table and width > 1 else None


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
    if found := APOSTROPHES.fullmatch(piece):
        return found[1], found[2]
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
