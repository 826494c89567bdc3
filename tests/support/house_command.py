"""A command that uses the services: `send TEXT` prints a control token, `states` reads it.

The token comes by the environment, as no token may stand in an argument.
"""

import os
import sys

import click

from restante.commands import group
from restante.commands.store import open_services
from restante.crypto.tokens import ControlToken


@click.command
@click.argument("text", required=False)
def house(text):
    """Send, or tell the states of what was sent."""
    with open_services() as opened:
        if text:
            from restante.messages import Draft  # noqa: PLC0415

            print(opened.sending.send(Draft(text)).control)
        else:
            control = ControlToken.parse(os.environ["CONTROL"])
            print(*(link.state for link in opened.managing.status(control).links))


group.COMMANDS["house"] = "tests.support.house_command:house"

if __name__ == "__main__":
    sys.exit(group.main(["house", *sys.argv[1:]]))
