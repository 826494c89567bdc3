"""Consents: nobody is mailed a notification who did not ask for it.

An address is first mailed an ask with fixed words.  Its owner answers on a page, for one sender
(docs/decisions/0073-no-mail-without-consent.md).
"""

from __future__ import annotations

import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TYPE_CHECKING, NamedTuple

from restante.crypto.consents import KEY_SIZE, Address, address_id
from restante.crypto.sealed_fields import SealedFields
from restante.crypto.tokens import ID_SIZE, SHARDS
from restante.email_address import mailbox
from restante.errors import Fault, Invalid, NotFound, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from restante.crypto.keyring import Keyring
    from restante.notices import Decision, Wanted
    from restante.store.consents import ConsentStore, Kept
    from restante.store.outbox import Outbox

KEPT_SECONDS = 60.0
"""How long a process uses the consent key before it reads it again: the store may be another."""
CHANNEL, DIGEST = "email", "digest"


class Answers(NamedTuple):
    """What the owner of an address sees.

    Attributes:
        its: The consent that the mail's token is about.
    """

    kept: Kept
    its: Address


class Consents:
    """Asks, and what owners of addresses and the operator do about them."""

    def __init__(self, store: ConsentStore, outbox: Outbox, keyring: Keyring) -> None:
        self._store = store
        self._outbox = outbox
        self._newest_id = keyring.newest_id
        self._fields = SealedFields(keyring)
        self._key, self._read_at = b"", float("-inf")

    def key(self, *, make: bool = False) -> bytes:
        """Return the consent key, boxed anew under the newest root key; *make* it if there is none.

        Raises:
            NotFound: There is none.
            Unavailable: The store does not answer, or the key's root key is not in the keyring.
        """
        if self._key and time.monotonic() - self._read_at < KEPT_SECONDS:
            return self._key
        box = self._store.key()
        if not box and make:
            box = self._store.key(b"", self._fields.close_consent_key(_written(_new())))
        if not box:
            raise NotFound
        if not (written := self._fields.open_consent_key(box)):
            raise Unavailable
        if self._fields.root_of(box) != self._newest_id:
            self._store.key(box, self._fields.close_consent_key(written))
        self._key, self._read_at = urlsafe_b64decode(written), time.monotonic()
        return self._key

    def opens(self) -> bool:
        """Tell whether the consent key opens, or there is none yet; change nothing.

        Raises:
            Unavailable: The store does not answer.
        """
        box = self._store.key()
        return not box or bool(self._fields.open_consent_key(box))

    def clear(self, to: str, owner: bytes, mail: Wanted) -> tuple[Decision, Address, str]:
        """Decide whether a mail may go out to an address now, or an ask, and count it.

        Returns the decision, the ids, and the token for the link in the mail.

        Raises:
            Unavailable: The store does not answer, or the consent key does not open.
        """
        key = self.key(make=True)
        address = Address.of(key, to, owner)
        digest_id, box = b"", b""
        if mail.digest is not None:
            digest_id = secrets.token_bytes(ID_SIZE)
            box = self._fields.close_target(DIGEST, digest_id, mail.digest)
        decision = self._store.clear(address, mail, digest_id, box)
        return decision, address, address.token(key)

    def record_ask(self, address: Address, asked_at: int, message: tuple[int, bytes]) -> None:
        """Record that an ask was mailed."""
        self._store.record_ask(address, asked_at, message)

    def answers(self, token: str) -> Answers:
        """Return what is kept of the address that got a mail with this token.

        Raises:
            NotFound: The token is not valid.
        """
        its = self._parse(token)
        return Answers(self._store.of(its.address_id), its)

    def give(self, token: str) -> None:
        """Consent to mails of one sender; what waited for it is mailed now.

        Raises:
            NotFound: The token is not valid, or the ask is too old.
            Invalid: Mails to this address were stopped for good.
        """
        for shard, message_id in self._store.give(self._parse(token)):
            self._outbox.resend(shard, message_id, CHANNEL)

    def withdraw(self, token: str, consent_id: bytes | None = None) -> None:
        """Withdraw the consent of the token, or another one of the same address.

        Raises:
            NotFound: There is no such consent.
        """
        its = self._parse(token)
        self._store.withdraw(its._replace(consent_id=consent_id or its.consent_id))

    def stop(self, token: str) -> None:
        """End all mails to the address of this token, for good.

        Raises:
            NotFound: The token is not valid.
        """
        self._store.stop(self._parse(token).address_id)

    def listed(self, most: int = 10_000) -> Iterable[Kept]:
        """Return what is kept of all addresses, at most *most* of each shard."""
        return [kept for shard in range(SHARDS) for kept in self._store.listed(shard, most)]

    def of_address(self, address: str) -> Kept:
        """Return what is kept of a mail address.

        Raises:
            Invalid: It is not a mail address.
        """
        try:
            return self._store.of(self._id_of(address))
        except NotFound:
            raise Invalid([Fault("address", "no mail went out yet")]) from None

    def withdraw_all(self, address: str) -> int:
        """Withdraw every consent of an address; return how many there were.

        Raises:
            Invalid: It is not a mail address.
        """
        kept = self.of_address(address)
        for consent in kept.consents:
            self._store.withdraw(Address(kept.address_id, consent.consent_id))
        return len(kept.consents)

    def stop_address(self, address: str) -> None:
        """End all mails to an address, also to one that nobody has mailed yet.

        Raises:
            Invalid: It is not a mail address.
        """
        self.key(make=True)
        self._store.stop(self._id_of(address))

    def lift(self, address: str) -> bool:
        """Let senders ask an address again; tell whether it was stopped.

        Raises:
            Invalid: It is not a mail address.
        """
        return self._store.lift(self.of_address(address).address_id)

    def _parse(self, token: str) -> Address:
        return Address.parse(self.key(), token)

    def _id_of(self, written: str) -> bytes:
        if (its := mailbox(written)) is None:
            raise Invalid([Fault("address", "not an e-mail address")])
        return address_id(self.key(), its.address)


def _new() -> bytes:
    return secrets.token_bytes(KEY_SIZE)


def _written(key: bytes) -> str:
    return urlsafe_b64encode(key).decode()
