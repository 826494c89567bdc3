"""The group of commands, and the options that all of them have."""

from __future__ import annotations

import click

from restante_client.command import change, channels, listing, manage, read, send, take_out, watch
from restante_client.command.config import Options
from restante_client.command.durations import Duration
from restante_client.command.exits import Failure
from restante_client.command.texts import _
from restante_client.wire import VERSION

HELP = """\
Send, read and recall messages that wait behind a link.

A message waits at a Restante service, encrypted, until its recipient opens its link, it expires,
or you recall it.

\b
  restante send                  write a text, get a link
  restante send notes.txt -r Ana -r Ben --expires 2d
  pass show db | restante send --copy
  restante list                  what this machine sent
  restante status last           what happened to the newest
  restante recall last           take it back; says whether anyone read it
  restante read                  open a message: paste its link
  restante send note.txt --file plan.pdf
  restante read --files DIR      open a message, and save its files

No link, token, passphrase or text is given as an argument, because others on the machine can see
arguments. They come from a prompt, a file or standard input.

The service is named by --server, by RESTANTE_CLIENT_SERVER, or once and for all in the
configuration:

\b
  server = "https://letters.example"
  token_file = "~/.config/restante/token"    only if the service asks for one
  language = "en"

\b
Exit statuses:
   0  done; recall: nobody had read the message
   3  recall: somebody had opened it before; take-out: something of the file was sent
  64  the arguments are wrong
  65  the service refuses this input, or passphrase or code is wrong or missing
  66  the message, or a file of it, is gone or unknown
  69  the service cannot be reached or cannot do it now
  73  a file of the command cannot be read or written
  75  too early, paused, too many requests, or --timeout is over: try again later
  77  you may not send here
  78  the configuration is wrong
 130  stopped, or you answered no
"""


@click.group(
    help=_(HELP),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--server",
    envvar="RESTANTE_CLIENT_SERVER",
    metavar="URL",
    help=_("URL of the service, with its path if it is below one."),
)
@click.option(
    "--token-file",
    envvar="RESTANTE_CLIENT_TOKEN_FILE",
    metavar="FILE",
    help=_("File with your sender token, - for standard input. Or RESTANTE_CLIENT_TOKEN."),
)
@click.option(
    "--ca-file",
    envvar="RESTANTE_CLIENT_CA_FILE",
    metavar="FILE",
    help=_("Certificates of your own authority, in PEM."),
)
@click.option(
    "--patience",
    envvar="RESTANTE_CLIENT_PATIENCE",
    type=Duration(),
    metavar="TIME",
    help=_("How long to ask again if no answer comes. Without it, 40 seconds."),
)
@click.option("--language", metavar="CODE", help=_("Language of this command: en or es."))
@click.version_option(VERSION, prog_name="restante", help=_("Show the version."))
@click.pass_context
def restante(
    context: click.Context,
    /,
    *,
    server: str | None,
    token_file: str | None,
    ca_file: str | None,
    patience: int | None,
    language: str | None,
) -> None:
    """Keep what all commands need."""
    del language  # chosen before anything was imported
    config, unreadable = context.obj or ({}, None)
    if isinstance(unreadable, Failure):
        raise unreadable
    context.obj = Options(server, token_file, ca_file, patience, config)


_COMMANDS = (
    send.send, manage.status, watch.watch, change.recall, take_out.take_out,
    change.replace, change.extend,
    change.rules, change.pause, change.resume, change.forget, channels.test_event, read.read,
    listing.list_sent, listing.completion,
)  # fmt: skip
for _command in _COMMANDS:
    restante.add_command(_command)
