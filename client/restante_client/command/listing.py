"""`restante list` and `restante completion`."""

from __future__ import annotations

from dataclasses import asdict

import click
from click.shell_completion import get_completion_class

from restante_client import NotFound
from restante_client.command import output, sent
from restante_client.command.config import Options
from restante_client.command.options import json_option
from restante_client.command.texts import _

LIST = """\
List what this machine sent, the newest first.

The list is a file that only you can read. With the extra `keyring` (pip install
"restante-client[keyring]") it is sealed with a key in the system's keyring.
"""


@click.command("list", help=_(LIST))
@click.option(
    "--prune", is_flag=True, help=_("Ask the service, and take out what it does not know any more.")
)
@json_option(_("Print it as JSON, without control tokens."))
@click.pass_obj
def list_sent(options: Options, *, prune: bool, as_json: bool) -> None:
    """List what was sent."""
    messages = sent.listed()
    if prune:
        messages = [one for one in messages if _is_known(options, one)]
    if as_json:
        told = [asdict(one) for one in messages]
        output.as_json(
            [{name: one[name] for name in one if name != "control_token"} for one in told]
        )
        return
    if not messages:
        output.tell(_("This machine sent nothing yet."))
        return
    rows = [
        [
            one.id[:8],
            output.moment(one.when),
            one.subject or "",
            ", ".join(one.recipients),
            one.server,
        ]
        for one in messages
    ]
    output.table([[_("id"), _("sent"), _("subject"), _("recipients"), _("service")], *rows])


def _is_known(options: Options, message: sent.Message) -> bool:
    try:
        with options.client(message.server) as client:
            client.status(message.control_token)
    except NotFound:
        sent.drop(message.id)
        return False
    return True


COMPLETION = """\
Print what a shell needs to complete this command.

\b
  bash:  restante completion bash > ~/.local/share/bash-completion/completions/restante
  zsh:   restante completion zsh > ~/.zfunc/_restante
  fish:  restante completion fish > ~/.config/fish/completions/restante.fish
"""


@click.command(help=_(COMPLETION))
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print a completion script."""
    kind = get_completion_class(shell)
    root = context.find_root()
    if kind is not None:
        click.echo(kind(root.command, {}, "restante", "_RESTANTE_COMPLETE").source())
