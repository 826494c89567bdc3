"""Who may send: anyone, certain networks, or holders of a sender token from the operator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from restante import validation
from restante.crypto.sealed_fields import SealedFields
from restante.crypto.tokens import ID_SIZE, SenderToken
from restante.errors import Fault, Invalid, NotASender, NotFound, Unavailable
from restante.store.replies import Changed

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

    from restante.crypto.keyring import Keyring
    from restante.settings import Settings
    from restante.store.sender_tokens import SenderTokens

MAKE_TRIES = 5
"""Attempts while other tokens are created at the same moment: one wins each round."""


@dataclass(frozen=True, slots=True)
class Holder:
    """The holder of a sender token.  The token itself is not stored.

    Attributes:
        name: Empty if the root key that encrypted it is gone.
        made_at: In ms.
        token_id: Hash of the token; gives no permission.
    """

    name: str
    made_at: int
    token_id: bytes


class Admission:
    """Creates, lists, revokes and checks sender tokens; decides whether a visitor may send."""

    def __init__(self, store: SenderTokens, keyring: Keyring, settings: Settings) -> None:
        self._store = store
        self._senders = settings.senders
        self._facts = SealedFields(keyring)

    def make(self, name: str) -> SenderToken:
        """Create a token for *name*.  It is returned once and not stored.

        Raises:
            Invalid: The name is invalid, or another token has it.
            Unavailable: The store is full or away.
        """
        name = name.strip()
        if faults := list(validation.holder_faults(name)):
            raise Invalid(faults)
        name, token = validation.normal(name) or "", SenderToken.new()
        box = self._facts.close_holder(token.token_id, name)
        for _ in range(MAKE_TRIES):
            holders = self.listed()
            if any(holder.name == name for holder in holders):
                raise Invalid([Fault("name", "another token has it")])
            try:
                self._store.make(token.token_id, box, [h.token_id for h in holders])
            except Changed:
                continue
            return token
        raise Unavailable

    def listed(self) -> list[Holder]:
        """Return every token's holder, the oldest first."""
        return [
            Holder(self._facts.open_holder(kept.token_id, kept.box), kept.made_at, kept.token_id)
            for kept in self._store.listed()
        ]

    def withdraw(self, name: str) -> None:
        """Revoke the token with this name, or with this id in hex.

        Requests that start after this returns are refused.

        Raises:
            NotFound: No token has this name or id; the required replicas know that, too.
            Unavailable: The token may already be revoked; call again to find out.
        """
        wanted = validation.normal(name.strip())
        found = [h.token_id for h in self.listed() if wanted in {h.name, h.token_id.hex()}]
        if not wanted or not found:
            # An earlier try may have revoked it before the replicas knew.  A read does not
            # wait for replicas, a write does: so revoke an id that no token has.
            self._store.withdraw(bytes(ID_SIZE))
            raise NotFound
        for token_id in found:
            self._store.withdraw(token_id)

    def holder(self, token: SenderToken) -> str:
        """Return the name of the token's holder.

        Raises:
            NotASender: Unknown or revoked.
        """
        kept = self._store.find(token.token_id)
        if kept is None:
            raise NotASender
        return self._facts.open_holder(token.token_id, kept.box)

    def admit(self, address: IPv4Address | IPv6Address | None, written: str) -> str | None:
        """Authorize a visitor with this IP address and this token (or an empty string) to send.

        Returns the holder's name if a token was needed, otherwise None.

        Raises:
            NotASender: Neither the address nor the token allows it.
        """
        if self._senders.anyone:
            return None
        if address is not None and any(address in one for one in self._senders.networks):
            return None
        if not self._senders.tokens:
            raise NotASender
        return self.prove(written)

    def prove(self, written: str) -> str:
        """Authenticate the text of a token; return its holder's name.

        Raises:
            NotASender: Malformed, unknown or revoked, without telling which.
        """
        return self.holder(SenderToken.parse(written))
