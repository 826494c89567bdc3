"""What the command prints: results on standard output, everything else on standard error."""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import click

from restante_client.command.texts import _

KEPT = {"\n", "\t"}
YES = {"y", "yes", "s", "si", "sí"}
COLOURS = {"sealed": "yellow", "held": "yellow", "read": "green", "spent": "green",
           "recalled": "red", "locked": "red", "expired": "red"}  # fmt: skip


def plain(text: str) -> str:
    """Return *text* without signs that could drive a terminal or reorder a line."""
    return "".join(
        one if one in KEPT or unicodedata.category(one) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}
        else "\N{REPLACEMENT CHARACTER}" if unicodedata.category(one) == "Cc" else ""
        for one in text
    )  # fmt: skip


def tell(text: str) -> None:
    """Print a remark for a person."""
    click.echo(plain(text), err=True)


def say(text: str, *, colour: str | None = None) -> None:
    """Print a line of the result; colours only on a terminal, and not with NO_COLOR."""
    styled = (
        click.style(plain(text), fg=colour)
        if colour and "NO_COLOR" not in os.environ
        else plain(text)
    )
    click.echo(styled)


def as_json(value: Any) -> None:  # noqa: ANN401 (any JSON)
    """Print one line of JSON; on a terminal without signs that could drive it."""
    click.echo(json.dumps(value, ensure_ascii=sys.stdout.isatty(), sort_keys=True))


def text_of_message(text: str) -> None:
    """Print a message: byte for byte into a file or pipe, without control signs on a terminal."""
    if sys.stdout.isatty():
        ending = "" if text.endswith("\n") else "\n"
        click.echo("".join(one if one in KEPT or unicodedata.category(one) != "Cc"
                           else "\N{REPLACEMENT CHARACTER}" for one in text), nl=False)  # fmt: skip
        click.echo(ending, nl=False)
    else:
        sys.stdout.buffer.write(text.encode())
        sys.stdout.flush()


def table(rows: Sequence[Sequence[str]], colours: Sequence[str | None] = ()) -> None:
    """Print rows in columns; the first one is their heading."""
    cleaned = [[plain(cell).replace("\n", " ") for cell in row] for row in rows]
    widths = [max(map(_width, column)) for column in zip(*cleaned, strict=True)]
    for number, row in enumerate(cleaned):
        cells = [cell + " " * (w - _width(cell)) for cell, w in zip(row, widths, strict=True)]
        colour = colours[number - 1] if number and colours else None
        line = "  ".join(cells).rstrip()
        if "NO_COLOR" in os.environ:
            click.echo(line)
        else:
            click.secho(line, fg=colour, bold=number == 0 or None)


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
    answer = click.prompt(f"{question} {_('[y/N]')}", default="", show_default=False,
                          prompt_suffix=" ", err=True)  # fmt: skip
    if str(answer).strip().lower() not in YES:
        raise click.Abort


def is_interactive() -> bool:
    """Tell whether a person sits at the terminal that we read from."""
    return sys.stdin.isatty()
