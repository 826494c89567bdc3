"""`restante read`: opens a message, for one view, also if it is killed on the way."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack

import click
from click.shell_completion import CompletionItem

from restante_client import Client, Reading
from restante_client.addresses import LINK
from restante_client.command import begun, output, sources
from restante_client.command.config import Options
from restante_client.command.exits import CANNOT_WRITE, ENDED, OK, Failure
from restante_client.command.link_secrets import Secrets
from restante_client.command.new_file import NewFile
from restante_client.command.options import json_option, passphrase_file, yes_option
from restante_client.command.printable import line
from restante_client.command.saving import Folder, tell_saved
from restante_client.command.sizes import size_of
from restante_client.command.texts import _
from restante_client.errors import CodeRequired, Gone, PassphraseRequired, Problem, Unavailable
from restante_client.files import File
from restante_client.outcomes import Opened, Preview

HELP = """\
Open a message and print its text. This spends one view of its link.

Paste the link when you are asked, or pipe it: restante read < FILE. On a terminal the command
first says what it knows and asks; with a pipe it opens at once.

If the answer is lost, or the command is killed, run it again with the same link: within the
service's lease (two minutes, as a rule) you get the same view, and spend no other. The key for
that is kept in a file before the view is spent.

Into a pipe or a file the text goes byte by byte; on a terminal signs that could drive it are
replaced.

With --files the message's files are saved, each under its name, or with (2) behind it if there is
such a file. While a file comes, its name ends in .part; a second start goes on with it. Without
--files the lease goes on if there are files: run the command again with --files.
"""


@click.command(help=_(HELP))
@click.argument("link", required=False, metavar="[-]")
@yes_option(_("Do not ask before a view is spent."))
@click.option(
    "--keep",
    is_flag=True,
    help=_("Let the lease go on, so that you can read it again for a while."),
)
@click.option(
    "-o",
    "--output",
    "path",
    metavar="FILE",
    help=_("Write the text into a new file that only you can read."),
)
@click.option(
    "--files",
    "folder",
    metavar="DIR",
    shell_complete=lambda _context, _param, written: [CompletionItem(written, type="dir")],
    help=_("Save the message's files into this folder; it is made if it is not there."),
)
@passphrase_file(_("Take the passphrase from a file."))
@click.option("--code-file", metavar="FILE", help=_("Take the mailed code from a file."))
@json_option(_("Print text, state, views left and files as JSON."))
@click.pass_obj
def read(
    options: Options,
    link: str | None,
    *,
    yes: bool,
    keep: bool,
    path: str | None,
    folder: str | None,
    passphrase_file: str | None,
    code_file: str | None,
    as_json: bool,
) -> int:
    """Open a message."""
    address = sources.address(link, LINK)
    with ExitStack() as stack:
        client = stack.enter_context(options.client(address.server))
        its = begun.find_read(client.server, address.token)
        # If an earlier start was killed, the file can be its own.
        if path and its is None and os.path.lexists(path):
            raise Failure(_("{path} exists already. Nothing was opened.", path=path), CANNOT_WRITE)
        file = stack.enter_context(NewFile(path)) if path else None
        place = Folder(folder) if folder else None
        if its is None or not its.is_fresh:
            its = _agreed(client, address.token, its, asks=output.is_interactive() and not yes)
        else:
            output.tell(_("An earlier start did not finish: this goes on with the same view."))
        ask = Secrets(client, address.token, passphrase_file, code_file)
        try:
            reading, message = _opened(client, address.token, its, ask)
        except Gone:
            if place:
                place.forget_parts(its.key)
            raise
        stays = keep or bool(message.files and place is None)
        misses = _deliver(reading, message, file, place, as_json=as_json)
        reading.keep = stays
        reading.__exit__(None, None, None)
    if place and reading.acknowledged:
        place.forget_parts(its.key)
    _tell(reading, message, stays=stays, files=message.files if place is None else ())
    if reading.acknowledged and not stays:
        begun.end(its)
    return ENDED if misses else OK


def _agreed(client: Client, token: str, old: begun.Begun | None, *, asks: bool) -> begun.Begun:
    """Return the reader key, after the person agreed to spend a view if they are asked."""
    if old is None:
        seen = client.preview(token)
        if asks:
            _question(seen)
    elif asks:
        output.confirm(_("You began to open this message before. Open it now?"))
    return begun.begin_read(client.server, token)


def _question(seen: Preview) -> None:
    who = line(seen.sender_name or _("somebody"))
    output.tell(
        _(
            "A message from {who} (not verified), until {at}.",
            who=who,
            at=output.moment(seen.expires_at),
        )
    )
    if seen.views_left == 1:
        question = _("It opens once. Open it now?")
    else:
        question = _("It opens {n} more times. Open it now?", n=seen.views_left)
    output.confirm(question)


def _opened(client: Client, token: str, its: begun.Begun, ask: Secrets) -> tuple[Reading, Opened]:
    while True:
        given = ask.given
        reading = client.reveal(
            token,
            passphrase=given.get("passphrase"),
            code=given.get("code"),
            reader_key=its.key,
        )
        try:
            return reading, reading.__enter__()
        except (PassphraseRequired, CodeRequired) as missing:
            if not ask.add(missing):
                begun.end(its)
                raise
        except Unavailable:
            raise
        except Gone as gone:
            begun.end(its)
            if its.is_old:
                output.tell(_("The view that an earlier start opened is over."))
                if gone.state == "read":
                    output.tell(_("Other views are left: run the command again."))
            raise
        except Problem:
            begun.end(its)
            raise


def _deliver(
    reading: Reading, message: Opened, file: NewFile | None, place: Folder | None, *, as_json: bool
) -> bool:
    """Bring text and files to where they belong, before the service hears that they arrived.

    Returns whether the sender took one of the files out meanwhile.
    """
    saved: dict[int, str] = {}
    try:
        if file:
            file.put(message.text.encode())
        elif not as_json:
            _print(lambda: output.text_of_message(message.text))
        if place:
            for its, path in zip(
                message.files, place.save(reading, message.files, reading.reader_key), strict=True
            ):
                tell_saved(path, its)
                if path:
                    saved[its.number] = str(path)
    finally:
        # Also if a file did not come: the text is here.
        if as_json and not file:
            _print(lambda: output.as_json(_as_json(message, saved)))
    return place is not None and len(saved) < len(message.files)


def _as_json(message: Opened, saved: dict[int, str]) -> dict[str, object]:
    files = [{**its.raw, "saved_as": saved.get(its.number)} for its in message.files]
    # The token is of no use without the reader key.
    its = {name: value for name, value in message.raw.items() if name != "files_token"}
    return its | {"files": files}


def _print(write: Callable[[], None]) -> None:
    try:
        write()
    except output.NotWritten:
        told = _("Nobody took the text. Run the command again: the view is kept for a while.")
        raise Failure(told, CANNOT_WRITE) from None


def _tell(reading: Reading, message: Opened, *, stays: bool, files: Sequence[File]) -> None:
    at = message.lease_until.astimezone().strftime("%H:%M:%S")
    if files:
        names = ", ".join(f"{line(its.name)} ({size_of(its.size)})" for its in files)
        output.tell(_("It has files: {names}", names=names))
        output.tell(_("Run the same command with --files DIR until {at} to save them.", at=at))
    elif stays:
        output.tell(_("The same command shows it again until {at}.", at=at))
    elif not reading.acknowledged:
        output.tell(
            _("The service could not be told that the text arrived. Its lease ends by itself.")
        )
    if message.views_left:
        output.tell(_("Views left: {n}.", n=message.views_left))
