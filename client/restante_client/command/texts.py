"""The language of the command: English, or another one with a table of translations."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import click

from restante_client.command.spanish import CLICK, TEXTS

TABLES: dict[str, Mapping[str, str]] = {"es": TEXTS | CLICK}
_table: dict[str, str] = {}
_VARIABLES = ("RESTANTE_CLIENT_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")


def _(text: str, **values: object) -> str:
    """Return *text* in the language of this process, with *values* for its {names}."""
    # A long text is found by its first line.
    found = _table.get(text) or _table.get(text.partition("\n")[0], text)
    return found.format(**values) if values else found


def choose(arguments: Sequence[str], written: str | None = None) -> None:
    """Choose the language, before any text is used.

    An option of the command line decides, then the environment, then *written*, which is from
    the configuration; the first that names one.
    """
    options = [
        one.removeprefix("--language=") if one.startswith("--language=") else after
        for one, after in zip(arguments, [*arguments[1:], ""], strict=False)
        if one.startswith("--language=") or one == "--language"
    ]
    own, *others = (os.environ.get(name, "") for name in _VARIABLES)
    wanted = next((one for one in (*options, own, written or "", *others) if one), "")
    _table.clear()
    _table.update(TABLES.get(wanted.replace("-", "_").partition("_")[0].lower(), {}))
    if _table:
        _translate_click()


def _translate_click() -> None:
    # Click has a gettext of its own, and no other way to give it texts.
    for module in (click.core, click.exceptions, click.formatting, click.types, click.decorators,
                   click.termui, click.parser):  # fmt: skip
        if hasattr(module, "_"):
            setattr(module, "_", _)  # noqa: B010 (its name is private)
        if hasattr(module, "ngettext"):
            setattr(module, "ngettext", _plural)  # noqa: B010


def _plural(one: str, many: str, number: int) -> str:
    return _(one if number == 1 else many)
