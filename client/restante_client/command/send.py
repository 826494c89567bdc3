"""`restante send`: seals a text behind links and prints them."""

from __future__ import annotations

import json
from typing import Any

import click

from restante_client.command import attach, begun, clipboard, output, sent, sources
from restante_client.command.attach import Attached
from restante_client.command.config import Options
from restante_client.command.durations import Duration
from restante_client.command.options import (
    files_option,
    json_option,
    new_passphrase,
    passphrase_options,
    rule_options,
)
from restante_client.command.texts import _
from restante_client.errors import Problem, Unavailable
from restante_client.models import Sent

HELP = """\
Send a text; print one link for each recipient.

The text comes from FILE, or from standard input if something is piped in or FILE is -, or from
$VISUAL or $EDITOR. It is sent as it is, with its last line break; an editor's last one is
removed.

Give each link to its recipient. What you sent stays in `restante list`, so that you can look and
recall.

If the answer is lost, or the command is killed, run it again with the same text and options:
within a day it does not send twice.

With --file readers get files, too. They are uploaded before the message is sent; after a broken
line that goes on where it was, and a command that you stop deletes what came so far. If the command
is killed, the next start uploads them anew; then the first message can exist besides, but nobody
has its links.
"""


@click.command(help=_(HELP))
@click.argument("file", required=False)
@files_option(_("A file that goes with the message. Repeat it."))
@click.option(
    "-r",
    "--recipient",
    "recipients",
    multiple=True,
    metavar="NAME",
    help=_("Name of a recipient; one link each. Repeat it."),
)
@click.option(
    "--expires",
    type=Duration(),
    metavar="TIME",
    help=_("How long it waits: 3600, 15m, 12h, 7d, 2w. Without it, the service decides."),
)
@click.option(
    "--views", type=int, metavar="N", help=_("How often each link opens. Without it, once.")
)
@click.option(
    "--hold",
    type=Duration(),
    metavar="TIME",
    help=_("Time to think again: the links open only after it."),
)
@rule_options(
    Duration(),
    _("Recall each link that nobody has opened after this time."),
    _("Record after this time that nobody has opened a link; --notify gets it, too."),
)
@click.option(
    "--from",
    "sender_name",
    metavar="NAME",
    help=_("Your name, for the recipients. It is not verified."),
)
@click.option(
    "--subject",
    metavar="TEXT",
    help=_("What it is about. Not secret: everybody with the link sees it before opening."),
)
@passphrase_options(
    _("Ask for a passphrase that readers must type."),
    _("Take the passphrase from a file, - for standard input."),
)
@click.option(
    "--mailed-code",
    is_flag=True,
    help=_("Mail each reader a code first. Recipients are mail addresses then."),
)
@click.option(
    "--always-ask",
    is_flag=True,
    help=_("Everybody types a number before the message opens, not only suspicious visitors."),
)
@click.option(
    "--notify", metavar="URL", help=_("Webhook of your own system, which gets the events.")
)
@click.option(
    "--copy", is_flag=True, help=_("Put the links on the clipboard, and do not print them.")
)
@json_option(_("Print the whole answer as JSON, with the control token."))
@click.option(
    "--no-list",
    is_flag=True,
    help=_("Do not keep it in the list of this machine; print the control URL instead."),
)
@click.pass_obj
def send(options: Options, /, file: str | None, **given: Any) -> None:  # noqa: ANN401 (of click)
    """Send a text."""
    if given["passphrase_file"] == sources.STDIN and file in {None, sources.STDIN}:
        raise click.UsageError(_("Standard input can be the text or the passphrase, not both."))
    with attach.opened(given["files"]) as files:
        _send(options, sources.text(file), files, given)


def _send(options: Options, text: str, files: list[Attached], given: dict[str, Any]) -> None:
    passphrase = new_passphrase(given["passphrase_file"], asks=given["asks"])
    fields = {
        "recipients": list(given["recipients"]) or None,
        "expires_in": given["expires"],
        "views": given["views"],
        "hold": given["hold"],
        "recall_unread_after": given["recall_unread"],
        "tell_unread_after": given["tell_unread"],
        "sender_name": given["sender_name"],
        "subject": given["subject"],
        "passphrase": passphrase,
        "mailed_code": given["mailed_code"] or None,
        "second_step": "always" if given["always_ask"] else None,
        "webhook": given["notify"],
    }
    keeps = not given["no_list"]
    if keeps:
        sent.listed()  # if the list cannot be read, that is said before anything is sent
    done, its = _sent(options, text, files, fields, keeps=keeps)
    _print(done, given, keeps=keeps)
    # Not before it is printed: a second start would send another message.
    begun.end(its)


def _sent(
    options: Options, text: str, files: list[Attached], fields: dict[str, Any], *, keeps: bool
) -> tuple[Sent, begun.Begun]:
    """Send once, also if an earlier start of the command was killed."""
    with options.client(sends=True) as client:
        server = client.server
        marks = [[its.name, *its.mark] for its in files]
        request = json.dumps([server, text, fields, *([marks] if marks else [])], sort_keys=True)
        its = begun.begin_send(request.encode(), has_files=bool(files))
        if its.message:
            earlier = [one for one in sent.listed() if one.id == its.message]
            if earlier:
                return sent.again(client, earlier[0]), its
            begun.end(its)  # nobody has the links of what is not in the list
            its = begun.begin_send(request.encode(), has_files=True)
        if its.is_old:
            output.tell(_("An earlier start did not finish: this goes on with the same message."))
        try:
            with attach.uploaded(client, files, key=its.key) as uploads:
                if files:
                    begun.note_send(its, posted=True)
                done = client.send(text, idempotency_key=its.key, files=uploads or None, **fields)
        except Unavailable:
            raise
        except Problem:
            begun.end(its)
            raise
    if keeps:
        if files:
            begun.note_send(its, message=done.id)
        sent.keep(sent.Message.of(done, server, fields["subject"]))
    return done, its


def _print(done: Sent, given: dict[str, Any], *, keeps: bool) -> None:
    if given["as_json"]:
        output.as_json(dict(done.raw))
        return
    if not (given["copy"] and _copied(done)):
        _print_links(done)
    if keeps:
        at = output.moment(done.expires_at)
        output.tell(_("Kept as {id}; expires {at}.", id=done.id[:8], at=at))
    else:
        output.tell(_("Control URL: {url}", url=done.control_url))


def _print_links(done: Sent) -> None:
    if len(done.links) == 1:
        output.say(done.links[0].url)
        return
    output.table(
        [[_("recipient"), _("link")], *([link.recipient or "", link.url] for link in done.links)]
    )


def _copied(done: Sent) -> bool:
    lines = [f"{link.recipient}\t{link.url}" for link in done.links]
    if not clipboard.copy(done.links[0].url if len(lines) == 1 else "\n".join(lines)):
        output.tell(_("There is no program for the clipboard (wl-copy, xclip, xsel, pbcopy)."))
        return False
    output.tell(_("Copied."))
    return True
