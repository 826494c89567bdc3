"""`senders …`: who holds one of the operator's tokens, and so may send."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click

from restante.commands.store import open_house
from restante.errors import Fault, Invalid, NotFound, Unavailable
from restante.messages import SECOND
from restante.service.data_folder import StoreFailed

NAMELESS = "(its root key is gone from the ring)"


@click.group
def senders() -> None:
    """Make, list and withdraw the tokens that allow to send.

    They count where RESTANTE_SENDERS names the word tokens.  It works while the service
    runs, and takes effect at once.
    """


@senders.command
@click.argument("name")
def add(name: str) -> None:
    """Make a token for NAME and print it, this once.

    NAME, 1 to 60 characters, stands in the log beside every message sent with the token.
    """
    with open_house() as services:
        try:
            token = services.admission.make(name)
        except Unavailable:
            message = (
                "the store could not confirm it. A token may have been made that nobody knows:"
                f" withdraw {name!r}, then add it again"
            )
            raise StoreFailed(message) from None
        if not _print(str(token)):
            # Nobody saw it; the name is free again.
            services.admission.withdraw(name)
            message = "the token could not be printed and was withdrawn again"
            raise click.ClickException(message)
        is_asked_for = services.settings.senders.tokens
    click.echo("This is the only time that it is shown: give it to its holder now.", err=True)
    if not is_asked_for:
        click.echo("RESTANTE_SENDERS does not name tokens: nobody is asked for it yet.", err=True)


def _print(word: str) -> bool:
    """Print a word; tell whether anybody can have seen it."""
    if sys.stdout is None:
        return False
    try:
        click.echo(word)
    except OSError:
        return False
    return True


@senders.command("list")
def list_() -> None:
    """List the tokens.

    When each was made, its id and its name; never the token itself.
    """
    with open_house() as services:
        holders = services.admission.listed()
    for holder in holders:
        made = datetime.fromtimestamp(holder.made_at // SECOND, UTC)
        click.echo(f"{made:%Y-%m-%d %H:%M} UTC  {holder.token_id.hex()}  {holder.name or NAMELESS}")
    if not holders:
        click.echo("There are no tokens.", err=True)


@senders.command
@click.argument("name")
def withdraw(name: str) -> None:
    """Withdraw a token, by NAME or by its id.

    Nobody sends with it any more.  What its holder sent before stays, and stays in his hands.
    """
    with open_house() as services:
        try:
            services.admission.withdraw(name)
        except NotFound:
            raise Invalid([Fault("name", "no token has this name or id")]) from None
    click.echo("It is withdrawn: nobody sends with it any more.", err=True)
