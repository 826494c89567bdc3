"""What a sender does about how they are told of a sent message: webhook, and a test of all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restante.channels import CHANNELS
from restante.channels.webhook_formats import STANDARD
from restante.crypto.sealed_fields import SealedFields
from restante.errors import Invalid
from restante.messages import Draft
from restante.store.replies import GoneBoxed

if TYPE_CHECKING:
    from restante.crypto.keyring import Keyring
    from restante.crypto.tokens import ControlToken
    from restante.messages import Evidence
    from restante.settings import Settings
    from restante.store.messages import Messages


class Notifying:
    """The sender's verbs on the channels of one message.  Each needs the control token."""

    def __init__(self, messages: Messages, keyring: Keyring, settings: Settings) -> None:
        self._messages = messages
        self._settings = settings
        self._facts = SealedFields(keyring)

    def set_webhook(
        self,
        control: ControlToken,
        url: str | None,
        form: str = STANDARD,
        *,
        evidence: Evidence | None = None,
    ) -> str | None:
        """Post what happens from now on to *url*, or with None to nowhere.  Idempotent.

        Returns the secret that signs, which is the same for all URLs of a message.

        Raises:
            NotFound: No such message.
            Gone: Every link ended.
            Invalid: URL or format is, or channels were changed a thousand times already.
        """
        channel, draft = CHANNELS["webhook"], Draft("", webhook=url, webhook_format=form)
        if faults := list(channel.faults(draft, self._settings)):
            raise Invalid(faults)
        if url:
            message_id = control.message_id
            report = self._messages.report(control.shard, message_id)
            details = self._facts.open_message(message_id, report.box)
            draft = Draft("", details=details, webhook=url, webhook_format=form)
        kept = channel.keep(draft, control, self._facts)
        boxed = self._facts.close_evidence(control.message_id, evidence)
        try:
            self._messages.set_channel(control, channel.name, kept, boxed)
        except GoneBoxed as gone:
            raise self._facts.gone(gone.end) from None
        return control.webhook_secret if url else None

    def send_test(self, control: ControlToken, *, evidence: Evidence | None = None) -> int:
        """Tell the sender through every channel that is on that this is a test.

        Returns the number of the event.  A second one within ten seconds is the same test.

        Raises:
            NotFound: No such message.
            Gone: Every link ended.
            Invalid: No channel is on, or it was tested a hundred times already.
        """
        boxed = self._facts.close_evidence(control.message_id, evidence)
        try:
            return self._messages.send_test(control, boxed)
        except GoneBoxed as gone:
            raise self._facts.gone(gone.end) from None
