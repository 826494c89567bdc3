"""The webhook: every event is posted to the sender's own system (docs/specs/webhook.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restante.channels.channel import Channel

if TYPE_CHECKING:
    from restante.crypto.sealed_fields import SealedFields
    from restante.crypto.tokens import ControlToken
    from restante.messages import Draft


class Webhook(Channel):
    """Tells every event."""

    name = "webhook"

    @property
    def outbox(self) -> str:
        return "outbox"

    def keep(self, draft: Draft, control: ControlToken, fields: SealedFields) -> bytes:
        facts = {"url": draft.webhook, "secret": control.webhook_secret} if draft.webhook else {}
        return fields.close_target(self.name, control.message_id, facts)
