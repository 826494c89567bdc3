"""`restante`: chooses the language, runs one command, and returns its exit status."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

import click

from restante_client.command import output, texts
from restante_client.command.config import read_config
from restante_client.command.exits import (
    BUG,
    STOPPED,
    USAGE,
    Failure,
    sentence_of,
    status_of,
)
from restante_client.errors import RestanteError


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and leave with its exit status."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run one command; if it fails, print why and return its exit status."""
    try:
        return _run(arguments)
    except Exception as error:  # noqa: BLE001 (a traceback could show what is secret)
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(last.filename).name}:{last.lineno}"
        kind = type(error).__name__
        told = "This is a bug in the command: {error} at {place}."
        output.tell(texts._(told, error=kind, place=place))
        return BUG


def _run(arguments: Sequence[str]) -> int:
    try:
        config = read_config()
        unreadable = None
    except Failure as failure:
        config, unreadable = {}, failure
    texts.choose(arguments, config.get("language"))
    # After the language is chosen, because help texts are made when this is imported.
    from restante_client.command.group import restante  # noqa: PLC0415

    try:
        status = restante.main(
            list(arguments), prog_name="restante", standalone_mode=False, obj=(config, unreadable)
        )
    except click.Abort:
        output.tell(texts._("Stopped."))
        return STOPPED
    except Failure as failure:
        output.tell(failure.message)
        return failure.status
    except click.ClickException as error:
        error.show()
        return USAGE
    except RestanteError as error:
        output.tell(sentence_of(error))
        return status_of(error)
    return status if isinstance(status, int) else 0


if __name__ == "__main__":
    main()
