"""Channels: ways for events to leave.  Each is a module that owns what differs; all stand here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from restante.channels.mailed_code import MailedCode
from restante.channels.webhook import Webhook

if TYPE_CHECKING:
    from restante.channels.channel import Channel

CHANNELS: dict[str, Channel[Any, Any]] = {
    channel.name: channel for channel in (Webhook(), MailedCode())
}
"""By name.  The names are stored: they never change."""
