"""`restante test-event`: tries the ways in which a sender is told."""

from __future__ import annotations

import time

import click

from restante_client.channels import Channel
from restante_client.command import output
from restante_client.command.config import Options
from restante_client.command.durations import Duration
from restante_client.command.events import word
from restante_client.command.exits import LATER, OK, UNAVAILABLE
from restante_client.command.manage import Its, found, help_of, message_argument
from restante_client.command.options import json_option
from restante_client.command.progress import Waiting
from restante_client.command.texts import _

HELP = """\
Send a test event through every channel of a message: webhook, mail, browsers.

It goes out as any other event, and the command waits for what becomes of it. The exit status is 0
if it was delivered everywhere, 69 if a channel failed, and 75 if one still waits: the owner of a
mail address may have to agree first.
"""
EVERY, WAITS = 1.0, "waiting"
DEFAULT_SECONDS = 30


@click.command("test-event", help=help_of(HELP))
@message_argument
@click.option(
    "--timeout",
    type=Duration(),
    metavar="TIME",
    help=_("How long to wait for what becomes of it. Without it, 30 seconds."),
)
@json_option(_("Print the channels as JSON."))
@click.pass_obj
def test_event(options: Options, message: str, *, timeout: int | None, as_json: bool) -> int:
    """Try all channels."""
    with found(options, message) as its:
        its.client.send_test(its.control)
        seconds = DEFAULT_SECONDS if timeout is None else timeout
        channels, raw = _outcome(its, time.monotonic() + seconds)
    if as_json:
        output.as_json({"channels": raw})
    else:
        rows = [[one.channel, word(one.test or ""), one.failure or ""] for one in channels]
        output.table([[_("channel"), _("test"), _("why")], *rows])
    tests = {one.test for one in channels}
    if WAITS in tests:
        return LATER
    return OK if tests == {"delivered"} else UNAVAILABLE


def _outcome(its: Its, ends: float) -> tuple[tuple[Channel, ...], object]:
    with Waiting(_("Waiting for what becomes of the test")):
        while True:
            now = its.client.status(its.control)
            waits = any(one.test == WAITS for one in now.channels)
            if not waits or time.monotonic() >= ends:
                return now.channels, now.raw["channels"]
            time.sleep(EVERY)
