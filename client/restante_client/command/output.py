"""What the command prints: results on standard output, everything else on standard error."""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

import click

from restante_client.command.exits import CANNOT_WRITE, Failure
from restante_client.command.printable import KEPT, line, plain
from restante_client.command.texts import _

YES = {"y", "yes", "s", "si", "sí"}
COLOURS = {"sealed": "yellow", "held": "yellow", "read": "green", "spent": "green",
           "recalled": "red", "locked": "red", "expired": "red"}  # fmt: skip


class NotWritten(Failure):
    """Nobody takes the output, or the disk is full."""

    def __init__(self) -> None:
        super().__init__(_("The output could not be written: run the command again."), CANNOT_WRITE)


def tell(text: str) -> None:
    """Print a remark for a person."""
    with suppress(OSError):
        click.echo(plain(text), err=True)


def say(text: str) -> None:
    """Print a line of the result.

    Raises:
        NotWritten: As all functions here that print a result.
    """
    with _written():
        click.echo(line(text))


def as_json(value: Any) -> None:  # noqa: ANN401 (any JSON)
    """Print one line of JSON; on a terminal without signs that could drive it."""
    written = json.dumps(value, ensure_ascii=False, sort_keys=True)
    if sys.stdout.isatty() or not is_unicode(written):
        written = json.dumps(value, sort_keys=True)
    with _written():
        click.echo(written)


def is_unicode(text: str) -> bool:
    """Tell whether *text* can be written; JSON can name halves of characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@contextmanager
def _written() -> Iterator[None]:
    """Flush what is printed, and say if that fails.

    Raises:
        NotWritten: It does.
    """
    try:
        yield
        sys.stdout.flush()
    except OSError:
        # Else Python tries again at its end.
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise NotWritten from None


def text_of_message(text: str) -> None:
    """Print a message: byte for byte into a file or pipe, without control signs on a terminal."""
    if sys.stdout.isatty():
        ending = "" if text.endswith("\n") else "\n"
        shown = "".join(one if one in KEPT or unicodedata.category(one) != "Cc"
                        else "\N{REPLACEMENT CHARACTER}" for one in text)  # fmt: skip
        with _written():
            click.echo(shown + ending, nl=False)
    else:
        with _written():
            sys.stdout.buffer.write(text.encode())


def table(rows: Sequence[Sequence[str]], colours: Sequence[str | None] = ()) -> None:
    """Print rows in columns; the first one is their heading."""
    cleaned = [[line(cell) for cell in row] for row in rows]
    widths = [max(map(_width, column)) for column in zip(*cleaned, strict=True)]
    for number, row in enumerate(cleaned):
        cells = [cell + " " * (w - _width(cell)) for cell, w in zip(row, widths, strict=True)]
        colour = colours[number - 1] if number and colours else None
        shown = "  ".join(cells).rstrip()
        if "NO_COLOR" not in os.environ:
            shown = click.style(shown, fg=colour, bold=number == 0 or None)
        with _written():
            click.echo(shown)


def _width(text: str) -> int:
    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1
        for one in text
    )


def moment(at: datetime | None) -> str:
    """Return a time by this machine's clock; empty if it did not happen."""
    return "" if at is None else at.astimezone().strftime("%Y-%m-%d %H:%M")


def without_links(its: Mapping[str, Any]) -> dict[str, Any]:
    """Return a status without the links' URLs, which open the message."""
    links = [{name: value for name, value in one.items() if name != "url"} for one in its["links"]]
    return {**its, "links": links}


def confirm(question: str) -> None:
    """Ask a person; any answer but yes ends the command.

    Raises:
        click.Abort: They did not say yes.
    """
    answer = click.prompt(f"{plain(question)} {_('[y/N]')}", default="", show_default=False,
                          prompt_suffix=" ", err=True)  # fmt: skip
    if str(answer).strip().lower() not in YES:
        raise click.Abort


def is_interactive() -> bool:
    """Tell whether a person sits at the terminal that we read from."""
    return sys.stdin.isatty()
