"""The links of a message as a table: for a mail merge (CSV), and to paste (tabs)."""

from __future__ import annotations

import csv
import io
from datetime import UTC
from typing import TYPE_CHECKING

from restante.email_address import mailbox
from restante.safe_text import one_line
from webapp.http.i18n import current, gettext
from webapp.texts.formatting import utc

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import tzinfo

FORMULAS = tuple("=+-@\t\r\n＝＋－＠")


def cell(written: str) -> str:
    """Return a cell's text in one line that no spreadsheet takes for a formula."""
    text = one_line(written)
    return f"'{text}" if text.startswith(FORMULAS) else text


def names(recipient: str | None) -> tuple[str, str]:
    """Return a recipient's name and mail address; an address alone is the name, too."""
    if recipient and (its := mailbox(recipient)):
        return its.name or its.address, its.address
    return recipient or "", ""


def pasted(rows: Iterable[tuple[str | None, str]]) -> str:
    """Return a line for each link: recipient, tab, address."""
    return "\n".join(f"{cell(recipient or '')}\t{address}" for recipient, address in rows)


def merged(rows: Iterable[tuple[str | None, str]], expires_at: int, zone: tzinfo = UTC) -> bytes:
    """Return a CSV file (RFC 4180, UTF-8) with a header, for the mail merge of an office program.

    All cells are quoted: a program that splits at semicolons must find no formula after one.
    The byte-order mark tells Excel that it is UTF-8.
    """
    file = io.StringIO(newline="")
    table = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    until = current().moment(utc(expires_at).astimezone(zone))
    table.writerow(
        [gettext("Name"), gettext("E-mail"), gettext("Link"), gettext("Can be opened until")]
    )
    for recipient, address in rows:
        table.writerow([*map(cell, (*names(recipient), address, until))])
    return file.getvalue().encode("utf-8-sig")
