"""`senders …`: creates, lists and revokes the tokens that allow people to send."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click

from restante.commands.store import open_services
from restante.errors import Fault, Invalid, NotFound, Unavailable
from restante.messages import SECOND
from restante.service.data_folder import StoreFailed

NAMELESS = "(its root key is missing)"


@click.group
def senders() -> None:
    """Create, list and revoke sender tokens.

    They are needed if RESTANTE_SENDERS contains the word tokens.  Changes take effect at once,
    also while the service runs.
    """


@senders.command
@click.argument("name")
def add(name: str) -> None:
    """Create a token for NAME and print it, only once.

    The log shows NAME, 1 to 60 characters, for every message sent with the token.
    """
    with open_services() as services:
        try:
            token = services.admission.make(name)
        except Unavailable:
            message = (
                "the store could not confirm it. A token may have been created that was not shown:"
                f" withdraw {name!r}, then add it again"
            )
            raise StoreFailed(message) from None
        if not _print(str(token)):
            # Nobody saw the token: revoke it, so that the name is free again.
            services.admission.withdraw(name)
            message = "the token could not be printed and was revoked"
            raise click.ClickException(message)
        is_asked_for = services.settings.senders.tokens
    click.echo("It is shown only once: give it to its holder now.", err=True)
    if not is_asked_for:
        click.echo("RESTANTE_SENDERS does not contain tokens: no token is needed yet.", err=True)


def _print(word: str) -> bool:
    """Print a word; tell whether that worked."""
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

    It shows creation time, id and name, never the token itself.
    """
    with open_services() as services:
        holders = services.admission.listed()
    for holder in holders:
        made = datetime.fromtimestamp(holder.made_at // SECOND, UTC)
        click.echo(f"{made:%Y-%m-%d %H:%M} UTC  {holder.token_id.hex()}  {holder.name or NAMELESS}")
    if not holders:
        click.echo("There are no tokens.", err=True)


@senders.command
@click.argument("name")
def withdraw(name: str) -> None:
    """Revoke a token by its NAME or id.

    It can no longer be used to send.  Messages that its holder sent before stay, and the
    holder can still recall them.
    """
    with open_services() as services:
        try:
            services.admission.withdraw(name)
        except NotFound:
            raise Invalid([Fault("name", "no token has this name or id")]) from None
    click.echo("The token is revoked: it can no longer be used to send.", err=True)
