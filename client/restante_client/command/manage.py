"""Finding the message that a command is about, and `restante status`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import click
from click.shell_completion import CompletionItem

from restante_client import Client
from restante_client.addresses import CONTROL
from restante_client.command import output, sent, sources
from restante_client.command.config import Options
from restante_client.command.events import sentence, word
from restante_client.command.exits import Failure
from restante_client.command.options import json_option
from restante_client.command.printable import line
from restante_client.command.texts import _
from restante_client.files import FileStatus
from restante_client.models import LinkStatus, Status

WHICH = """\
MESSAGE is an id from `restante list` or the beginning of one, `last` for the newest, or - for a
control URL on standard input.
"""


@dataclass(frozen=True, slots=True)
class Its:
    """A message that this command is about."""

    client: Client
    control: str = field(repr=False)
    message: sent.Message | None


@contextmanager
def found(options: Options, written: str, *, sends: bool = False) -> Iterator[Its]:
    """Yield the message that the person names; *sends* if files are uploaded for it.

    Raises:
        Failure: There is none, or its control URL was given as an argument.
    """
    sources.refuse_argument(written, CONTROL)
    if written == sources.STDIN:
        address = sources.address(None, CONTROL)
        with options.client(address.server, sends=sends) as client:
            yield Its(client, address.token, None)
    else:
        message = sent.find(written)
        with options.client(message.server, sends=sends) as client:
            yield Its(client, message.control_token, message)


def _ids(_context: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    try:
        messages = sent.listed()
    except Failure:
        return []
    names = [(sent.LAST, "")] + [
        (one.id[:8], line(one.subject or ", ".join(one.recipients))) for one in messages
    ]
    return [CompletionItem(name, help=told) for name, told in names if name.startswith(incomplete)]


def message_argument(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the argument MESSAGE, with completion by the list of this machine."""
    return click.argument("message", shell_complete=_ids)(function)


def help_of(text: str) -> str:
    """Return a help text with the sentence about MESSAGE behind it."""
    return f"{_(text)}\n\n{_(WHICH)}"


@click.command(
    help=help_of("Show what happened to a message: its links, and with --events its timeline.")
)
@message_argument
@click.option("--events", "shows_events", is_flag=True, help=_("Show the timeline, too."))
@click.option(
    "--links", "shows_links", is_flag=True, help=_("Show the links, which open the message.")
)
@json_option(_("Print it as JSON; without --links, without the links."))
@click.pass_obj
def status(
    options: Options, message: str, *, shows_events: bool, shows_links: bool, as_json: bool
) -> None:
    """Show a message."""
    with found(options, message) as its:
        now = its.client.status(its.control)
        if as_json:
            output.as_json(dict(now.raw) if shows_links else output.without_links(now.raw))
            return
        _show(now, shows_links=shows_links)
        while shows_events:
            for event in now.events:
                output.say(line_of(now, event))
            if not (now.more_events and now.events):
                return
            now = its.client.status(its.control, after=now.events[-1].id)


def line_of(now: Status, event: Any) -> str:  # noqa: ANN401 (an event)
    """Return an event as a line: time, recipient, what happened."""
    names = {link.id: link.recipient for link in now.links}
    who = names.get(event.link) or (event.link or "")[:8]
    at = event.at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    files = {
        its.number: its.name for link in now.links if link.id == event.link for its in link.files
    }
    return "  ".join(part for part in (at, who, sentence(event, files)) if part)


def files_of(now: Status) -> Iterator[str]:
    """Yield a line for each link with files that was opened, or of which one was taken out."""
    for link in now.links:
        if link.files and (link.reveals or any(its.taken_out_at for its in link.files)):
            who, told = link.recipient or link.id[:8], "; ".join(map(_file, link.files))
            yield _("files of {who}: {files}", who=who, files=told)


def _file(its: FileStatus) -> str:
    if its.sent is None:
        told = _("{name} not fetched", name=its.name)
    elif its.is_whole:
        told = _("{name} fetched whole", name=its.name)
    else:
        told = _("{name} {percent} % fetched", name=its.name, percent=its.sent * 100 // its.size)
    return _("{file}, taken out", file=told) if its.taken_out_at else told


def rules_of(now: Status) -> list[str]:
    """Return a line for each rule that has not run yet."""
    lines = []
    if now.tell_unread_at:
        at = output.moment(now.tell_unread_at)
        lines.append(_("tells at {at} which links nobody has opened", at=at))
    if now.recall_unread_at:
        at = output.moment(now.recall_unread_at)
        lines.append(_("recalls at {at} the links that nobody has opened", at=at))
    return lines


def _state_of(link: LinkStatus) -> str:
    state = word(link.state)
    if link.unread_at is None:
        return state
    return _("{state} (unread at {at})", state=state, at=output.moment(link.unread_at))


def _show(now: Status, *, shows_links: bool) -> None:
    output.say(f"{now.id[:8]}  {now.subject or ''}".rstrip())
    times = _(
        "sent {sent}, expires {expires}",
        sent=output.moment(now.sent_at),
        expires=output.moment(now.expires_at),
    )
    output.say(times)
    if now.paused_at:
        output.say(_("paused at {at}", at=output.moment(now.paused_at)))
    for told in rules_of(now):
        output.say(told)
    head = [_("recipient"), _("state"), _("views"), _("first opened")]
    rows = [
        [
            link.recipient or link.id[:8],
            _state_of(link),
            f"{link.reveals}/{now.views}",
            output.moment(link.first_revealed_at),
        ]
        + ([link.url] if shows_links else [])
        for link in now.links
    ]
    colours = [output.COLOURS.get(link.state) for link in now.links]
    output.table([head + ([_("link")] if shows_links else []), *rows], colours)
    for told in files_of(now):
        output.say(told)
