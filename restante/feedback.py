"""Reader feedback: acknowledge, confirm, decline, dispute.  Also: extend a lease, link history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restante import events
from restante.crypto.sealed_fields import SealedFields
from restante.store.replies import GoneBoxed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from restante.crypto.keyring import Keyring
    from restante.crypto.tokens import LinkToken, ReaderKey
    from restante.messages import Declined, Evidence, Told
    from restante.reports import LinkHistory
    from restante.settings import Settings
    from restante.store.readers import Readers

SECOND = 1_000
EXTEND_LEASE_SECONDS = 600
"""By so much a reader keeps his view longer, each time he asks."""
ON_SCREEN_MOST = 3_600
"""Seconds after which a text that stays on the screen is counted no longer."""


class Answering:
    """The recipient's further verbs.  *nonces* are those that a browser could be known by."""

    def __init__(self, readers: Readers, keyring: Keyring, settings: Settings) -> None:
        self._readers = readers
        self._facts = SealedFields(keyring)
        self._lease_most = settings.lease_most * SECOND

    def acknowledge(
        self, link: LinkToken, nonce: ReaderKey, *, keep: bool, evidence: Evidence | None = None
    ) -> int:
        """Record that the content arrived; unless *keep*, end this reader's lease.

        Returns how often the link can still be opened, by anybody.

        Raises:
            NotFound: No such link, or this reader holds no view of it.
        """
        boxed = self._facts.close_evidence(link.link_id, evidence)
        return self._readers.acknowledge(link, nonce.reader_id(link), keep=keep, evidence=boxed)

    def extend_lease(
        self, link: LinkToken, nonce: ReaderKey, *, evidence: Evidence | None = None
    ) -> tuple[int, int, int]:
        """Let this reader fetch its view again for EXTEND_LEASE_SECONDS from now, within bounds.

        Returns the lease's end, the latest that it can become, and the store's time, in ms.

        Raises:
            NotFound: No such link, or this reader holds no view of it.
            Gone: The lease is over: nothing brings it back.
        """
        try:
            return self._readers.extend_lease(
                link,
                nonce.reader_id(link),
                more=EXTEND_LEASE_SECONDS * SECOND,
                most=self._lease_most,
                evidence=self._facts.close_evidence(link.link_id, evidence),
            )
        except GoneBoxed as gone:
            raise self._facts.gone(gone.end) from None

    def confirm(
        self, link: LinkToken, nonce: ReaderKey, *, evidence: Evidence | None = None
    ) -> None:
        """Record that this reader says to have read it; once for each view.

        Raises:
            NotFound: No such link, or this reader holds no view of it.
        """
        boxed = self._facts.close_evidence(link.link_id, evidence)
        self._readers.confirm(link, nonce.reader_id(link), boxed)

    def dispute(
        self, link: LinkToken, nonces: Sequence[ReaderKey], *, evidence: Evidence | None = None
    ) -> Told | None:
        """Record that it was not this browser that opened the link: an alarm for the sender.

        Once for each browser and three times for each link.  None where nobody has opened it,
        or this browser has.

        Raises:
            NotFound: No such link.
        """
        return self._readers.dispute(
            link,
            [nonce.reader_id(link) for nonce in nonces],
            self._facts.close_evidence(link.link_id, evidence),
        )

    def decline(
        self, link: LinkToken, nonces: Sequence[ReaderKey], *, evidence: Evidence | None = None
    ) -> Declined | None:
        """Record that the message is not meant for whoever has the link.

        Opens and burns nothing for others; the leases that this browser holds end.  Once for
        each browser and three times for each link.  None where the link has ended.

        Raises:
            NotFound: No such link.
        """
        return self._readers.decline(
            link,
            [nonce.reader_id(link) for nonce in nonces],
            self._facts.close_evidence(link.link_id, evidence),
        )

    def on_screen(self, link: LinkToken, nonce: ReaderKey, seconds: int) -> None:
        """Record how long the text has been on this reader's screen, by its browser's word.

        Raises:
            NotFound: No such link, or this reader holds no view of it.
        """
        shown = min(seconds, ON_SCREEN_MOST) * SECOND
        self._readers.on_screen(link, nonce.reader_id(link), shown)

    def link_history(self, link: LinkToken, nonces: Sequence[ReaderKey]) -> LinkHistory:
        """Return what was recorded of this link, as its reader may see it.

        Raises:
            NotFound: No such link.
        """
        recorded = self._readers.link_history(link, [nonce.reader_id(link) for nonce in nonces])
        return events.link_history(recorded, self._facts)
