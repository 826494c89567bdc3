"""Channels: one module for each way to send events out.  All channels are registered here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from restante.channels.digest import Digest
from restante.channels.email import Email
from restante.channels.mailed_code import MailedCode
from restante.channels.push import Push, SecondPush, ThirdPush
from restante.channels.webhook import Webhook

if TYPE_CHECKING:
    from restante.channels.channel import Channel

CHANNELS: dict[str, Channel[Any, Any]] = {
    channel.name: channel
    for channel in (
        Webhook(),
        MailedCode(),
        Email(),
        Push(),
        SecondPush(),
        ThirdPush(),
        Digest(),
    )
}
"""By name.  Names are stored, so they never change."""


def of_outboxes() -> dict[str, Channel[Any, Any]]:
    """Return the first channel of each outbox, by the outbox's name."""
    return {channel.outbox: channel for channel in reversed(CHANNELS.values())}
