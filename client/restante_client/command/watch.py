"""`restante watch`: prints the events of a message as they come."""

from __future__ import annotations

import time

import click

from restante_client.command import output
from restante_client.command.config import Options
from restante_client.command.durations import Duration
from restante_client.command.exits import LATER, OK
from restante_client.command.manage import found, help_of, line_of, message_argument
from restante_client.command.options import json_option
from restante_client.command.progress import Waiting
from restante_client.command.texts import _

HELP = """\
Print what happens to a message, as it happens. Ends when nobody can open it any more.

With --timeout it ends after this time in any case, with exit status 75 if it would have gone on.
"""


@click.command(help=help_of(HELP))
@message_argument
@click.option("--until-opened", is_flag=True, help=_("End when somebody opens it."))
@click.option("--after", metavar="ID", help=_("Begin behind this event; --json prints the ids."))
@click.option("--timeout", type=Duration(), metavar="TIME", help=_("End after this time."))
@json_option(_("Print each event as a line of JSON."))
@click.pass_obj
def watch(
    options: Options,
    message: str,
    *,
    until_opened: bool,
    after: str | None,
    timeout: int | None,
    as_json: bool,
) -> int:
    """Print events as they come."""
    ends = None if timeout is None else time.monotonic() + timeout
    with found(options, message) as its:
        now = its.client.status(its.control)
        events = its.client.watch(its.control, after=after, ends_after=timeout)
        while True:
            with Waiting(_("Waiting for what happens next")):
                event = next(events, None)
            if event is None:
                break
            if as_json:
                output.as_json(dict(event.raw))
            else:
                output.say(line_of(now, event))
            if until_opened and event.type == "link.revealed":
                return OK
        if ends is not None and time.monotonic() >= ends:
            return OK if its.client.status(its.control).ended else LATER
        return OK
