"""`python -m restante`: the list of commands; runs one and returns its exit status."""

from __future__ import annotations

import os
from importlib import import_module

import click

from restante.commands.exit_codes import ended

HELP = """\
Messages that wait behind a link, open once, and can be recalled until they are read.

Without a command it runs the service.  RESTANTE_… variables are its settings, such as
RESTANTE_REDIS_URL: docs/settings.md has the table.

The exit status is 0; 64 if the arguments are wrong, 65 if a name or an id is unknown or
invalid, 69 if the store or the address to listen on cannot be used, 73 if a file cannot be
written, and 78 if settings are wrong.
"""
COMMANDS = {
    "serve": "restante.commands.serve:serve",
    "check": "restante.commands.check:check",
    "keys": "restante.commands.keys:keys",
    "deliveries": "restante.commands.deliveries:deliveries",
    "senders": "restante.commands.senders:senders",
    "consents": "restante.commands.consents:consents",
}
"""Each command and its place; only the command that is called is imported."""


class Commands(click.Group):
    """A group that imports a command when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)
        return command


@click.group(
    cls=Commands,
    help=HELP,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.pass_context
def restante(context: click.Context) -> int | None:
    """Serve, unless a command is named."""
    if context.invoked_subcommand is None:
        from restante.commands.serve import serve  # noqa: PLC0415 (only if it is needed)

        status: int | None = context.invoke(serve)
        return status
    return None


def main(arguments: list[str]) -> int:
    """Run one command and return its exit status; if it fails, print why in plain words."""
    try:
        status = restante.main(arguments, prog_name="python -m restante", standalone_mode=False)
    except Exception as error:  # noqa: BLE001 (a person at a terminal gets no traceback)
        return ended(error)
    return status if isinstance(status, int) else os.EX_OK
