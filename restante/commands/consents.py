"""`consents …`: who agreed to get notifications by mail, and who wants no mail at all."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from restante.commands.store import open_services
from restante.messages import SECOND

if TYPE_CHECKING:
    from restante.store.consents import Kept


@click.group
def consents() -> None:
    """List, withdraw and stop notifications by mail.

    Only pseudonyms of addresses are stored, so ADDRESS must be given to find it.
    """


@consents.command("list")
@click.argument("address", required=False)
def list_(address: str | None) -> None:
    """List all consents, or those of ADDRESS.

    It shows pseudonyms of address and consent, the state and since when; never an address.
    """
    with open_services() as services:
        its = services.consents
        found = list(its.listed()) if address is None else [its.of_address(address)]
    many = sum(_print(kept) for kept in found)
    if not many:
        click.echo("There are no consents.", err=True)


@consents.command
@click.argument("address")
def withdraw(address: str) -> None:
    """Withdraw every consent of ADDRESS.

    Those who had one do not ask again; others may.
    """
    with open_services() as services:
        many = services.consents.withdraw_all(address)
    click.echo(f"Revoked: {many}.", err=True)


@consents.command
@click.argument("address")
def stop(address: str) -> None:
    """Mail no notification and no ask to ADDRESS any more, from any sender."""
    with open_services() as services:
        services.consents.stop_address(address)
    click.echo("This address gets no notifications any more.", err=True)


@consents.command
@click.argument("address")
def lift(address: str) -> None:
    """Let senders ask ADDRESS for its consent again, because its owner wants that."""
    with open_services() as services:
        was_stopped = services.consents.lift(address)
    click.echo(
        "Senders may ask this address again." if was_stopped else "It was not stopped.", err=True
    )


def _print(kept: Kept) -> int:
    name = kept.address_id.hex()
    if kept.stopped_at:
        click.echo(f"{name}  {'*':32}  stopped    {_day(kept.stopped_at)}")
    for consent in kept.consents:
        click.echo(f"{name}  {consent.consent_id.hex()}  {consent.state:9}  {_day(consent.at)}")
    return len(kept.consents) + bool(kept.stopped_at)


def _day(at: int) -> str:
    return f"{datetime.fromtimestamp(at // SECOND, UTC):%Y-%m-%d %H:%M} UTC"
