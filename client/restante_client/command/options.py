"""Options that more than one command has, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from restante_client.command import sources
from restante_client.command.exits import REFUSED, Failure
from restante_client.command.texts import _

Function = Callable[..., Any]
Decorator = Callable[[Function], Function]


def passphrase_options(help_to_ask: str, help_of_file: str) -> Decorator:
    """Add `--passphrase` and `--passphrase-file`, which `new_passphrase` reads."""

    def add(function: Function) -> Function:
        asks = click.option("--passphrase", "asks", is_flag=True, help=help_to_ask)
        return asks(passphrase_file(help_of_file)(function))

    return add


def passphrase_file(told: str) -> Decorator:
    """Add `--passphrase-file`."""
    return click.option("--passphrase-file", metavar="FILE", help=told)


def new_passphrase(file: str | None, *, asks: bool) -> str | None:
    """Return the passphrase that readers must type, or None if the options name none.

    Raises:
        Failure: There is nobody to ask, or the file cannot be read.
    """
    if not asks and not file:
        return None
    passphrase = sources.secret(file, _("Passphrase"), twice=True)
    if passphrase is None:
        told = _("There is no terminal to ask for a passphrase: give --passphrase-file.")
        raise Failure(told, REFUSED)
    return passphrase


def files_option(told: str) -> Decorator:
    """Add `--file`."""
    return click.option(
        "--file",
        "files",
        multiple=True,
        metavar="PATH",
        type=click.Path(),
        help=told,
    )


def rule_options(kind: click.ParamType[Any], recalls: str, tells: str) -> Decorator:
    """Add `--recall-unread` and `--tell-unread`."""

    def add(function: Function) -> Function:
        tell = click.option("--tell-unread", type=kind, metavar="TIME", help=tells)
        return click.option("--recall-unread", type=kind, metavar="TIME", help=recalls)(
            tell(function)
        )

    return add


def json_option(told: str) -> Decorator:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help=told)


def yes_option(told: str) -> Decorator:
    """Add `--yes`."""
    return click.option("-y", "--yes", is_flag=True, help=told)
