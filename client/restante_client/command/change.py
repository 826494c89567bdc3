"""`restante recall`, `replace`, `extend`, `pause`, `resume` and `forget`."""

from __future__ import annotations

import click

from restante_client.command import attach, output, sent, sources
from restante_client.command.config import Options
from restante_client.command.durations import Duration, RuleTime
from restante_client.command.events import word
from restante_client.command.exits import READ
from restante_client.command.manage import Its, found, help_of, message_argument, rules_of
from restante_client.command.options import (
    files_option,
    json_option,
    new_passphrase,
    passphrase_options,
    rule_options,
    yes_option,
)
from restante_client.command.texts import _

RECALL = """\
Take a message back. Prints for each link whether anybody got the text before.

The exit status is 0 if nobody did, and 3 if somebody did. A second recall says the same as the
first.
"""


@click.command(help=help_of(RECALL))
@message_argument
@click.option(
    "--link",
    "links",
    multiple=True,
    metavar="NAME",
    help=_("Only the link of this recipient, or with this id. Repeat it."),
)
@click.option("--reason", metavar="TEXT", help=_("Visitors of the links see it."))
@json_option(_("Print the verdicts as JSON."))
@click.pass_obj
def recall(
    options: Options, message: str, *, links: tuple[str, ...], reason: str | None, as_json: bool
) -> int:
    """Take a message back."""
    with found(options, message) as its:
        ids = _link_ids(its, links) if links else None
        verdicts = its.client.recall(its.control, links=ids, reason=reason)
    if as_json:
        output.as_json({"verdicts": [dict(one.raw) for one in verdicts]})
    else:
        rows = [
            [
                one.recipient or one.link[:8],
                _("{outcome}, by a rule", outcome=word(one.outcome))
                if one.by == "rule"
                else word(one.outcome),
                str(one.reveals),
                output.moment(one.first_revealed_at),
            ]
            for one in verdicts
        ]
        colours = ["green" if one.unread else "red" for one in verdicts]
        output.table(
            [[_("recipient"), _("verdict"), _("views"), _("first opened")], *rows], colours
        )
    return 0 if all(one.unread for one in verdicts) else READ


def _link_ids(its: Its, names: tuple[str, ...]) -> list[str]:
    links = its.client.status(its.control).links
    ids = [
        link.id
        for name in names
        for link in links
        if name in {link.recipient, link.id}
        or (len(name) >= sent.SHORTEST and link.id.startswith(name))
    ]
    for name in names:
        if not any(name == link.recipient or link.id.startswith(name) for link in links):
            raise click.UsageError(_("No link of this message has the name {name}.", name=name))
    return ids


REPLACE = """\
Give all links that nobody has opened another text. The text comes as with `restante send`.

The new text has the files that --file names, and without it none.

A lost answer is not asked for again: `restante status` shows by the version whether it happened.
"""


@click.command(help=help_of(REPLACE))
@message_argument
@click.argument("file", required=False)
@files_option(_("A file that goes with the new text. Repeat it."))
@passphrase_options(
    _("Ask for the passphrase; a message that has one needs one."),
    _("Take the passphrase from a file."),
)
@json_option(_("Print version and outcomes as JSON."))
@click.pass_obj
def replace(
    options: Options,
    message: str,
    file: str | None,
    *,
    files: tuple[str, ...],
    asks: bool,
    passphrase_file: str | None,
    as_json: bool,
) -> None:
    """Replace the text."""
    if message == sources.STDIN and file in {None, sources.STDIN}:
        raise click.UsageError(_("Standard input is the control URL: give the text as a FILE."))
    with attach.opened(files) as attached, found(options, message, sends=bool(files)) as its:
        text = sources.text(file)
        passphrase = new_passphrase(passphrase_file, asks=asks)
        with attach.uploaded(its.client, attached, control=its.control) as uploads:
            done = its.client.replace(its.control, text, passphrase=passphrase, files=uploads)
        if as_json:
            output.as_json(dict(done.raw))
            return
        names = {link.id: link.recipient for link in its.client.status(its.control).links}
    rows = [[names.get(one.id) or one.id[:8], word(one.outcome)] for one in done.links]
    output.table([[_("recipient"), _("outcome")], *rows])


@click.command(
    help=help_of(
        "Move the expiry of a message to TIME from now, later or earlier: 3600, 15m, 12h, 7d, 2w."
    )
)
@message_argument
@click.argument("time", type=Duration())
@click.pass_obj
def extend(options: Options, message: str, time: int) -> None:
    """Move the expiry."""
    with found(options, message) as its:
        now = its.client.extend(its.control, time)
    output.say(_("expires {at}", at=output.moment(now.expires_at)))


RULES = """\
Set what happens to links that nobody has opened, or show it.

Without options it prints the rules of the message. Each runs once, at its time, also if this
machine is off.
"""


@click.command(help=help_of(RULES))
@message_argument
@rule_options(
    RuleTime(),
    _("Recall each link that nobody has opened by then: TIME from now, or off."),
    _("Record by then that nobody has opened a link: TIME from now, or off."),
)
@click.pass_obj
def rules(
    options: Options, message: str, *, recall_unread: int | None, tell_unread: int | None
) -> None:
    """Set or show rules."""
    with found(options, message) as its:
        if recall_unread is None and tell_unread is None:
            now = its.client.status(its.control)
        else:
            now = its.client.set_rules(
                its.control, tell_unread_after=tell_unread, recall_unread_after=recall_unread
            )
    for told in rules_of(now) or [_("no rules")]:
        output.say(told)


@click.command(help=help_of("Pause a message: no new reader can open it until you resume it."))
@message_argument
@click.pass_obj
def pause(options: Options, message: str) -> None:
    """Pause a message."""
    with found(options, message) as its:
        its.client.pause(its.control)
    output.say(_("paused"))


@click.command(help=help_of("End a pause."))
@message_argument
@click.pass_obj
def resume(options: Options, message: str) -> None:
    """End a pause."""
    with found(options, message) as its:
        its.client.resume(its.control)
    output.say(_("resumed"))


FORGET = """\
Delete a message with its links, texts and all its records. After this nothing can say whether it
was read.

On a terminal the command asks first.
"""


@click.command(help=help_of(FORGET))
@message_argument
@yes_option(_("Do not ask."))
@click.pass_obj
def forget(options: Options, message: str, *, yes: bool) -> None:
    """Delete a message."""
    with found(options, message) as its:
        if output.is_interactive() and not yes:
            output.confirm(_("Delete the message and everything that was recorded of it?"))
        its.client.forget(its.control)
        if its.message:
            sent.drop(its.message.id)
    output.say(_("deleted"))
