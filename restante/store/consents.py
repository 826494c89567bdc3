"""Consents of mail addresses in the store: ids and times, never an address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from restante.crypto.tokens import ID_SIZE
from restante.errors import Fault, Invalid, NotFound
from restante.notices import Decision
from restante.store import keys
from restante.store.verbs import Verbs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from restante.crypto.consents import Address
    from restante.notices import Wanted


class Consent(NamedTuple):
    """The answer of an address to one sender.

    Attributes:
        state: `asked`, `given` or `revoked`.
        at: When it became so, in ms.
    """

    consent_id: bytes
    state: str
    at: int


class Kept(NamedTuple):
    """What is kept of an address.

    Attributes:
        stopped_at: Since when nothing at all is mailed to it, in ms.
    """

    address_id: bytes
    stopped_at: int | None
    consents: Sequence[Consent]

    @classmethod
    def of(cls, its_id: bytes, flat: Sequence[bytes]) -> Kept:
        """Read the fields of a record."""
        fields = dict(zip(flat[::2], flat[1::2], strict=True))
        stopped = fields.get(b"stopped")
        found = [_consent(name, one) for name, one in fields.items() if len(name) == ID_SIZE]
        found.sort(key=lambda consent: (-consent.at, consent.consent_id))
        return cls(its_id, int(stopped) if stopped else None, found)


class ConsentStore(Verbs):
    """The verbs on consents, one method per script.  Each is idempotent."""

    def key(self, known: bytes = b"", new: bytes = b"") -> bytes:
        """Return the boxed consent key, empty if there is none.

        With *new* it is stored first, if the *known* box is still there.

        Raises:
            Unavailable: The store does not answer.
        """
        _, box = self._connection.run("consent_key", keys.consent_key(), known, new)
        return bytes(box)

    def clear(
        self, address: Address, mail: Wanted, digest_id: bytes = b"", box: bytes = b""
    ) -> Decision:
        """Decide whether a mail of a message may go out now, and count it; see clear_mail.lua.

        With *digest_id* and its *box* its events may be gathered in a digest, perhaps in this one.
        """
        again = "counted" if mail.again else "tried" if mail.tried else ""
        match self._on(
            "clear_mail", address, address.consent_id, _member(*mail.message), int(mail.news),
            again, mail.most, int(mail.asks), *mail.events, digest_id, box,
        ):  # fmt: skip
            case [b"wait" | b"full" as word, wait]:
                return Decision(word.decode(), wait=wait)
            case [b"ask", asked_at, _]:
                return Decision("ask", asked_at=asked_at)
            case [word]:
                return Decision(word.decode())
        raise AssertionError

    def record_ask(self, address: Address, asked_at: int, message: tuple[int, bytes]) -> None:
        """Record that the mail server took an ask."""
        self._on("record_ask", address, address.consent_id, asked_at, _member(*message))

    def of(self, address_id: bytes) -> Kept:
        """Return what is kept of an address."""
        return Kept.of(address_id, self._connection.run("consents_of", keys.consents(address_id)))

    def listed(self, shard: int, most: int) -> list[Kept]:
        """Return what is kept of a shard's addresses."""
        rows = self._connection.run("list_consents", keys.consent_index(shard), most)
        return [Kept.of(its_id, flat) for its_id, flat in rows]

    def give(self, address: Address) -> list[tuple[int, bytes]]:
        """Record a consent; return shard and id of each message that waited for it.

        Raises:
            NotFound: The address was never asked, or too long ago.
            Invalid: The address gets no mail at all.
        """
        match self._on("give_consent", address, address.consent_id):
            case [b"given", *members]:
                return [(member[0], member[1:]) for member in members]
            case [b"stopped"]:
                raise Invalid([Fault("consent", "stopped")])
        raise NotFound

    def withdraw(self, address: Address) -> None:
        """End the mails of one sender.

        Raises:
            NotFound: There is nothing of this sender.
        """
        if self._on("withdraw_consent", address, address.consent_id) != [b"revoked"]:
            raise NotFound

    def stop(self, address_id: bytes) -> None:
        """End all mails to an address, for good."""
        self._run("stop_mails", keys.consents(address_id))

    def lift(self, address_id: bytes) -> bool:
        """Let senders ask again; tell whether there was a stop."""
        return self._run("lift_stop", keys.consents(address_id)) == [b"lifted"]

    def _on(self, verb: str, address: Address, *arguments: bytes | int | str) -> list[Any]:
        return self._run(verb, keys.consents(address.address_id), *arguments)


def _member(shard: int, message_id: bytes) -> bytes:
    return bytes([shard]) + message_id


def _consent(consent_id: bytes, kept: bytes) -> Consent:
    state, at, *_ = kept.split(b" ", 2)
    return Consent(consent_id, state.decode(), int(at))
