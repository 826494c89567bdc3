"""Where texts, links and passphrases come from: never from an argument, which others can see."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from restante_client.addresses import CONTROL, LINK, Address, parse_address
from restante_client.command.exits import REFUSED, USAGE, Failure
from restante_client.command.output import is_interactive
from restante_client.command.texts import _

STDIN = "-"
IN_MEMORY = Path("/dev/shm")  # noqa: S108 (only a folder of its own in there is used)


def text(source: str | None) -> str:
    """Return the text to send: of a file, of standard input, or written in an editor.

    Raises:
        Failure: There is none, or it is not UTF-8.
    """
    try:
        if source not in {None, STDIN}:
            found = Path(str(source)).read_bytes().decode()
        elif source == STDIN or not is_interactive():
            found = sys.stdin.buffer.read().decode()
        else:
            found = _written()
    except OSError:
        # Not by its name: that could be the text itself.
        raise Failure(_("There is no such FILE. The text is not an argument."), REFUSED) from None
    except UnicodeDecodeError:
        raise Failure(_("The text is not UTF-8."), REFUSED) from None
    if not found:
        raise Failure(_("There is no text. Nothing was sent."), REFUSED)
    return found


def without_token() -> dict[str, str]:
    """Return the environment for another program, which needs no sender token."""
    return {name: its for name, its in os.environ.items() if name != "RESTANTE_CLIENT_TOKEN"}


def _written() -> str:
    """Let the person write in their editor, in memory if the system has a place for that."""
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not command:
        click.echo(_("Write the text. End it with Ctrl-D on a line of its own."), err=True)
        return sys.stdin.buffer.read().decode()
    folder = os.environ.get("XDG_RUNTIME_DIR") or (IN_MEMORY if IN_MEMORY.is_dir() else None)
    with tempfile.TemporaryDirectory(dir=folder, prefix="restante-") as place:
        path = Path(place) / "message.txt"
        path.touch(mode=0o600)
        # The person's own editor.
        words = [*shlex.split(command), str(path)]
        done = subprocess.run(words, check=False, env=without_token())  # noqa: S603
        if done.returncode:
            raise Failure(_("The editor failed. Nothing was sent."), REFUSED)
        return path.read_bytes().decode().removesuffix("\n")


def address(source: str | None, kind: str) -> Address:
    """Return the link or control URL from standard input, or a prompt that does not show it.

    Raises:
        Failure: There is none, or it was given as an argument.
    """
    if source not in {None, STDIN}:
        refuse_argument(str(source), kind)
    if is_interactive():
        told = _("Link (it is not shown)") if kind == LINK else _("Control URL (it is not shown)")
        written = click.prompt(told, hide_input=True, err=True)
    else:
        written = sys.stdin.readline()
    try:
        found = parse_address(written)
    except ValueError:
        found = None
    if found is None or found.kind != kind:
        raise Failure(_what(kind), REFUSED)
    return found


def refuse_argument(written: str, kind: str) -> None:
    """Refuse a link or control URL that was given as an argument.

    Raises:
        Failure: It says how to give it.
    """
    try:
        kind = parse_address(written).kind
    except ValueError:
        return
    how = _("Run `restante read` and paste the link, or pipe it: restante read < FILE")
    if kind == CONTROL:
        how = _("Give - and pipe the control URL: restante status - < FILE")
    why = _("Others on this machine can see arguments, and the shell keeps them in its history.")
    told = f"{why}\n{how}"
    raise Failure(told, USAGE)


def _what(kind: str) -> str:
    if kind == LINK:
        return _("This is not a link of Restante.")
    return _("This is not a control URL of Restante.")


def secret(file: str | None, question: str, *, twice: bool = False) -> str | None:
    """Return a passphrase or code: of a file, or asked for at a terminal; None if neither can be.

    Raises:
        Failure: The file cannot be read.
    """
    if file is not None:
        try:
            written = sys.stdin.readline() if file == STDIN else Path(file).read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            raise Failure(_("{path} cannot be read.", path=file), REFUSED) from None
        return written.removesuffix("\n").removesuffix("\r")
    if not is_interactive():
        return None
    again = _("Once more") if twice else False
    answer: str = click.prompt(question, hide_input=True, confirmation_prompt=again, err=True)
    return answer
