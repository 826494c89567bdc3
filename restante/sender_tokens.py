"""Who may send: anyone, certain networks, or holders of an operator's token."""

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
"""Tokens that are made at the same moment: each round one of them wins."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a token.  The token itself is nowhere.

    Attributes:
        name: Empty when the root key that it was boxed under is gone.
        made_at: In ms.
        token_id: What the token hashes to; opens nothing.
    """

    name: str
    made_at: int
    token_id: bytes


class Admission:
    """The operator's verbs on tokens, and the question whether somebody may send."""

    def __init__(self, store: SenderTokens, keyring: Keyring, settings: Settings) -> None:
        self._store = store
        self._senders = settings.senders
        self._facts = SealedFields(keyring)

    def make(self, name: str) -> SenderToken:
        """Make a token for *name*.  It is returned once, and kept nowhere.

        Raises:
            Invalid: The name is out of bounds, or another token has it.
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
        """Take the permission of the token back that has this name, or this id in hex.

        Every request that begins once this has answered is refused.

        Raises:
            NotFound: No token has it, and every replica that must know it does.
            Unavailable: The token may be withdrawn already; asking again tells.
        """
        wanted = validation.normal(name.strip())
        found = [h.token_id for h in self.listed() if wanted in {h.name, h.token_id.hex()}]
        if not wanted or not found:
            # A first try may have taken it back where no replica heard of it.  What is read
            # waits for none, so something is written: the withdrawal of nobody's token.
            self._store.withdraw(bytes(ID_SIZE))
            raise NotFound
        for token_id in found:
            self._store.withdraw(token_id)

    def holder(self, token: SenderToken) -> str:
        """Return the name of the token's holder.

        Raises:
            NotASender: Unknown or withdrawn.
        """
        kept = self._store.find(token.token_id)
        if kept is None:
            raise NotASender
        return self._facts.open_holder(token.token_id, kept.box)

    def admit(self, address: IPv4Address | IPv6Address | None, written: str) -> str | None:
        """Let somebody send who comes from *address* with this token, or none, written.

        Return the holder's name where a token decided, None where none was needed.

        Raises:
            NotASender: Neither allows it.
        """
        if self._senders.anyone:
            return None
        if address is not None and any(address in one for one in self._senders.networks):
            return None
        if not self._senders.tokens:
            raise NotASender
        return self.prove(written)

    def prove(self, written: str) -> str:
        """Return the name of the holder of a token as it is written.

        Raises:
            NotASender: Malformed, unknown or withdrawn: all alike.
        """
        return self.holder(SenderToken.parse(written))
