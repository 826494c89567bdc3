"""`restante take-out`: destroys one file of a message that was sent."""

from __future__ import annotations

import click

from restante_client.command import output
from restante_client.command.config import Options
from restante_client.command.events import word
from restante_client.command.exits import READ
from restante_client.command.manage import found, help_of, message_argument
from restante_client.command.options import json_option
from restante_client.command.sizes import size_of
from restante_client.command.texts import _
from restante_client.models import Status

HELP = """\
Destroy one file of a message; the text and the other files stay. Prints for each link what was sent
of the file before.

FILE is its name or its number. The exit status is 0 if nothing of it was sent to anybody, and 3 if
something was. A second take-out says the same as the first.
"""


@click.command("take-out", help=help_of(HELP))
@message_argument
@click.argument("file")
@click.option(
    "--version",
    type=int,
    metavar="N",
    help=_("Of this version of the text, if more than one has such a file."),
)
@json_option(_("Print the verdicts as JSON."))
@click.pass_obj
def take_out(
    options: Options, message: str, file: str, *, version: int | None, as_json: bool
) -> int:
    """Take a file out."""
    with found(options, message) as its:
        at_version, number = _place(its.client.status(its.control), file, version)
        done = its.client.take_out(its.control, version=at_version, file=number)
    if as_json:
        output.as_json(dict(done.raw))
    else:
        rows = [
            [one.recipient or one.link[:8], word(one.outcome), size_of(one.sent or 0)]
            for one in done.verdicts
        ]
        colours = ["green" if one.outcome == "not_started" else "red" for one in done.verdicts]
        output.table([[_("recipient"), _("verdict"), _("sent")], *rows], colours)
    return 0 if all(one.outcome == "not_started" for one in done.verdicts) else READ


def _place(now: Status, file: str, version: int | None) -> tuple[int, int]:
    """Return version and number of the file that the person names."""
    found = {
        (link.version, its.number)
        for link in now.links
        for its in link.files
        if file in {its.name, str(its.number)} and version in {None, link.version}
    }
    if not found:
        raise click.UsageError(_("No file of this message has the name {name}.", name=file))
    if len(found) > 1:
        told = _("More than one file is meant: give its number, or --version.")
        raise click.UsageError(told)
    return found.pop()
