"""Exit codes: the exit status and the sentence for each error of a command."""

from __future__ import annotations

import os
import signal

import click

from restante import errors
from restante.logs import error_fields
from restante.service.data_folder import StoreFailed
from restante.service.supervisor import CannotListen

STATUS: dict[type[Exception], int] = {
    errors.SettingsInvalid: os.EX_CONFIG,
    errors.Unavailable: os.EX_UNAVAILABLE,
    StoreFailed: os.EX_UNAVAILABLE,
    CannotListen: os.EX_UNAVAILABLE,
    errors.NotFound: os.EX_DATAERR,
    errors.Gone: os.EX_DATAERR,
    errors.TakenOut: os.EX_DATAERR,
    errors.Held: os.EX_DATAERR,
    errors.Paused: os.EX_DATAERR,
    errors.PassphraseRequired: os.EX_DATAERR,
    errors.PassphraseWrong: os.EX_DATAERR,
    errors.CodeRequired: os.EX_DATAERR,
    errors.CodeWrong: os.EX_DATAERR,
    errors.CodesUsedUp: os.EX_DATAERR,
    errors.Watched: os.EX_DATAERR,
    errors.NotASender: os.EX_DATAERR,
    errors.Invalid: os.EX_DATAERR,
    errors.KeyReused: os.EX_DATAERR,
    errors.TooLarge: os.EX_DATAERR,
    errors.FileTooLarge: os.EX_DATAERR,
    errors.FileRefused: os.EX_DATAERR,
    errors.OffsetWrong: os.EX_DATAERR,
    errors.Superseded: os.EX_DATAERR,
    errors.Full: os.EX_UNAVAILABLE,
    errors.Damaged: os.EX_SOFTWARE,
    click.UsageError: os.EX_USAGE,
    click.FileError: os.EX_CANTCREAT,
    click.Abort: 128 + signal.SIGINT,
}
"""The exit status (sysexits.h) of each error; the most derived class decides."""


def ended(error: Exception) -> int:
    """Print why a command failed, and return its exit status."""
    match error:
        case click.ClickException():
            error.show()
        case click.Abort():
            click.echo("Stopped.", err=True)
        case errors.Invalid():
            for fault in error.faults:
                click.echo(f"{fault.field}: {fault.detail}", err=True)
        case errors.RestanteError():
            click.echo(str(error), err=True)
        case StoreFailed() | CannotListen():
            click.echo(f"Failed: {error}.", err=True)
        case _:
            fields = error_fields(error)
            place = next(iter(fields["where"]), "?")  # type: ignore[call-overload]
            click.echo(f"This is a bug in Restante: {fields['error']} at {place}.", err=True)
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), os.EX_SOFTWARE)
