"""`python -m restante`: which commands there are, and how each of them ends."""

from __future__ import annotations

import os
from importlib import import_module

import click

from restante.commands.exit_codes import ended

HELP = """\
Messages that wait behind a link, open once, and can be recalled until they are read.

Without a command it serves.  It is set by RESTANTE_… variables, as RESTANTE_REDIS_URL:
docs/settings.md has the table.

It exits with 0; 64 if it was called wrongly, 65 if a name or an id is unknown or will not
do, 69 if the store or the address cannot be had, 73 if a file cannot be written, and 78 if
settings are wrong.
"""
COMMANDS = {
    "serve": "restante.commands.serve:serve",
    "check": "restante.commands.check:check",
    "keys": "restante.commands.keys:keys",
    "deliveries": "restante.commands.deliveries:deliveries",
    "senders": "restante.commands.senders:senders",
}
"""Each command and where it stands; only the one that is called is imported."""


class Commands(click.Group):
    """A group whose commands are imported when they are asked for."""

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
        from restante.commands.serve import serve  # noqa: PLC0415 (only if it is wanted)

        status: int | None = context.invoke(serve)
        return status
    return None


def main(arguments: list[str]) -> int:
    """Run one command and return its exit status; say in plain words why it could not be done."""
    try:
        status = restante.main(arguments, prog_name="python -m restante", standalone_mode=False)
    except Exception as error:  # noqa: BLE001 (whoever stands at a terminal gets no traceback)
        return ended(error)
    return status if isinstance(status, int) else os.EX_OK
