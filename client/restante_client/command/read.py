"""`restante read`: opens a message, for one view, also if it is killed on the way."""

from __future__ import annotations

import os
from contextlib import ExitStack

import click

from restante_client import Client, Reading
from restante_client.addresses import LINK
from restante_client.command import begun, output, sources
from restante_client.command.config import Options
from restante_client.command.exits import CANNOT_WRITE, Failure
from restante_client.command.new_file import NewFile
from restante_client.command.printable import line
from restante_client.command.texts import _
from restante_client.errors import CodeRequired, Gone, PassphraseRequired, Problem, Unavailable
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
"""


@click.command(help=_(HELP))
@click.argument("link", required=False, metavar="[-]")
@click.option("-y", "--yes", is_flag=True, help=_("Do not ask before a view is spent."))
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
@click.option("--passphrase-file", metavar="FILE", help=_("Take the passphrase from a file."))
@click.option("--code-file", metavar="FILE", help=_("Take the mailed code from a file."))
@click.option(
    "--json", "as_json", is_flag=True, help=_("Print text, state and views left as JSON.")
)
@click.pass_obj
def read(
    options: Options,
    link: str | None,
    *,
    yes: bool,
    keep: bool,
    path: str | None,
    passphrase_file: str | None,
    code_file: str | None,
    as_json: bool,
) -> None:
    """Open a message."""
    address = sources.address(link, LINK)
    with ExitStack() as stack:
        client = stack.enter_context(options.client(address.server))
        its = begun.find_read(client.server, address.token)
        # If an earlier start was killed, the file can be its own.
        if path and its is None and os.path.lexists(path):
            raise Failure(_("{path} exists already. Nothing was opened.", path=path), CANNOT_WRITE)
        file = stack.enter_context(NewFile(path)) if path else None
        if its is None or not its.is_fresh:
            its = _agreed(client, address.token, its, asks=output.is_interactive() and not yes)
        else:
            output.tell(_("An earlier start did not finish: this goes on with the same view."))
        ask = _Secrets(client, address.token, passphrase_file, code_file)
        reading, message = _opened(client, address.token, its, ask, keep=keep)
        _deliver(message, file, as_json=as_json)
        reading.__exit__(None, None, None)
    _tell(reading, message, keep=keep)
    if reading.acknowledged and not keep:
        begun.end(its)


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


class _Secrets:
    """Passphrase and mailed code, asked for when the service wants them."""

    def __init__(
        self, client: Client, token: str, passphrase_file: str | None, code_file: str | None
    ) -> None:
        self._client, self._token = client, token
        self._files = {"passphrase": passphrase_file, "code": code_file}
        self.given: dict[str, str] = {}
        if passphrase_file:
            self._ask("passphrase", "")
        if code_file:
            self._ask("code", "")

    def add(self, missing: PassphraseRequired | CodeRequired) -> bool:
        """Ask for what is missing; tell whether there is an answer now."""
        if isinstance(missing, PassphraseRequired):
            return "passphrase" not in self.given and self._ask("passphrase", _("Passphrase"))
        if "code" in self.given or (self._files["code"] is None and not output.is_interactive()):
            return False
        self._client.request_code(self._token)
        output.tell(_("A code was mailed to the recipient."))
        return self._ask("code", _("Code"))

    def _ask(self, name: str, question: str) -> bool:
        answer = sources.secret(self._files[name], question)
        if answer is None:
            return False
        self.given[name] = answer
        return True


def _opened(
    client: Client, token: str, its: begun.Begun, ask: _Secrets, *, keep: bool
) -> tuple[Reading, Opened]:
    while True:
        reading = client.reveal(token, reader_key=its.key, keep=keep, **ask.given)
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


def _deliver(message: Opened, file: NewFile | None, *, as_json: bool) -> None:
    """Write the text to where it belongs, before the service hears that it arrived."""
    if file:
        file.put(message.text.encode())
        return
    try:
        if as_json:
            output.as_json(dict(message.raw))
        else:
            output.text_of_message(message.text)
    except output.NotWritten:
        told = _("Nobody took the text. Run the command again: the view is kept for a while.")
        raise Failure(told, CANNOT_WRITE) from None


def _tell(reading: Reading, message: Opened, *, keep: bool) -> None:
    if keep:
        at = message.lease_until.astimezone().strftime("%H:%M:%S")
        output.tell(_("The same command shows it again until {at}.", at=at))
    elif not reading.acknowledged:
        output.tell(
            _("The service could not be told that the text arrived. Its lease ends by itself.")
        )
    if message.views_left:
        output.tell(_("Views left: {n}.", n=message.views_left))
