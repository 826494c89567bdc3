"""The mailed code: a reader who asks for one gets it by mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restante.channels.channel import Channel

if TYPE_CHECKING:
    from restante.crypto.sealed_fields import SealedFields
    from restante.crypto.tokens import ControlToken
    from restante.messages import Draft


class MailedCode(Channel):
    """Mails the codes that readers ask for.  A code is mailed now or never."""

    name = "code"
    wakes = frozenset({"link.code_requested"})
    retains = False

    def keep(self, draft: Draft, control: ControlToken, fields: SealedFields) -> bytes:  # noqa: ARG002 (the addresses are kept with the links)
        return b"1" if draft.details.mailed_code else b""
