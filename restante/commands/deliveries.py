"""`deliveries …`: lists waiting deliveries and dead letters, and resends them."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from restante.commands.store import open_services

if TYPE_CHECKING:
    from restante.delivery import Standing

MOST = 1_000_000
UNKNOWN = "(not known: its root key is missing)"
ID = re.compile(r"[0-9a-f]{32}")


class MessageId(click.ParamType[bytes]):
    """A message's id, as `list` shows it."""

    name = "id"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> bytes:
        if not ID.fullmatch(value):
            self.fail("an id has 32 hexadecimal digits, as `deliveries list` shows it", param, ctx)
        return bytes.fromhex(value)


@click.group
def deliveries() -> None:
    """List and resend deliveries to senders' own systems.

    A webhook that does not accept an event is retried for about three days.  Then the
    delivery is given up: it is a dead letter, kept for as long as its message.
    """


@deliveries.command("list")
@click.option("--waiting", is_flag=True, help="List waiting deliveries instead.")
def list_(*, waiting: bool) -> None:
    """List the dead letters: deliveries that were given up.

    In each shard of the store the oldest comes first.  The columns: message id, channel,
    time, tries, why the last one failed (a status or a word), events left, and the receiver's
    scheme, host and port.
    """
    with open_services() as services:
        found = services.delivering.waiting() if waiting else services.delivering.dead()
    for one in found:
        click.echo(_line(one))
    if not found:
        click.echo("Nothing waits." if waiting else "Nothing was given up.", err=True)


@deliveries.command
@click.argument("message_id", type=MessageId(), metavar="ID")
def show(message_id: bytes) -> int:
    """Show one delivery, waiting or given up."""
    with open_services() as services:
        kept = [(one, "given up") for one in services.delivering.dead(MOST)]
        kept += [(one, "waiting") for one in services.delivering.waiting(MOST)]
    found = [(one, state) for one, state in kept if one.message_id == message_id]
    for one, state in found:
        click.echo(_whole(one, state))
    if not found:
        click.echo("No delivery of that message waits or was given up.", err=True)
    return os.EX_OK if found else os.EX_DATAERR


@deliveries.command
@click.argument("message_ids", type=MessageId(), metavar="[ID]…", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All dead letters.")
def resend(message_ids: tuple[bytes, ...], *, everything: bool) -> int:
    """Try deliveries again, from now, with all their tries.

    The events keep their ids, so that the receiver can recognise a repeat.
    """
    if bool(message_ids) == everything:
        message = "name the ids, or say --all"
        raise click.UsageError(message)
    # Imported late, because it is slow to import.
    from restante.errors import NotFound  # noqa: PLC0415

    due = missing = 0
    with open_services() as services:
        ids = (
            [one.message_id for one in services.delivering.dead(MOST)]
            if everything
            else message_ids
        )
        for message_id in ids:
            try:
                due += services.delivering.resend(message_id)
            except NotFound:
                missing += 1
    click.echo(f"{due} of {len(ids)} are due now.", err=True)
    if missing:
        click.echo(f"{missing} are not known: mistyped, without a webhook, or forgotten.", err=True)
    return os.EX_DATAERR if missing else os.EX_OK


def _line(one: Standing) -> str:
    return (
        f"{one.message_id.hex()}  {one.channel}  {_moment(one.at)}  {one.failures:>2}"
        f"  {one.failure or '-':<16}  {one.events_left:>3}  {one.receiver or UNKNOWN}"
    )


def _whole(one: Standing, state: str) -> str:
    rows = (
        ("message", one.message_id.hex()),
        ("channel", one.channel),
        ("receiver", one.receiver or UNKNOWN),
        ("state", state),
        ("given up at" if state == "given up" else "due at", _moment(one.at)),
        ("events left", str(one.events_left)),
        ("failures", str(one.failures)),
        ("last failure", one.failure or "none"),
        ("failing since", _moment(one.failing_since) if one.failing_since else "never"),
    )
    return "\n".join(f"{name:<14}{value}" for name, value in rows)


def _moment(at: int) -> str:
    return f"{datetime.fromtimestamp(at // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
