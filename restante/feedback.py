"""Reader feedback: acknowledge, confirm, decline, dispute.  Also: extend a lease, link history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restante import events
from restante.crypto.sealed_fields import SealedFields
from restante.messages import SECOND
from restante.store.replies import GoneBoxed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from restante.crypto.keyring import Keyring
    from restante.crypto.tokens import LinkToken, ReaderKey
    from restante.messages import Declined, Evidence, Told
    from restante.reports import LinkHistory
    from restante.settings import Settings
    from restante.store.readers import Readers

EXTEND_LEASE_SECONDS = 600
"""How much longer a reader keeps the view, each time they ask."""
ON_SCREEN_MOST = 3_600
"""Upper limit of the seconds on screen that are recorded."""


class Answering:
    """The recipient's verbs after opening.  *reader_keys* are all keys of one browser."""

    def __init__(self, readers: Readers, keyring: Keyring, settings: Settings) -> None:
        self._readers = readers
        self._facts = SealedFields(keyring)
        self._lease_most = settings.lease_most * SECOND

    def acknowledge(
        self,
        link: LinkToken,
        reader_key: ReaderKey,
        *,
        keep: bool,
        evidence: Evidence | None = None,
    ) -> int:
        """Record that the content arrived; unless *keep*, end this reader's lease.

        Returns how many views the link has left.

        Raises:
            NotFound: No such link, or this reader holds no view of it.
        """
        boxed = self._facts.close_evidence(link.link_id, evidence)
        return self._readers.acknowledge(
            link, reader_key.reader_id(link), keep=keep, evidence=boxed
        )

    def extend_lease(
        self, link: LinkToken, reader_key: ReaderKey, *, evidence: Evidence | None = None
    ) -> tuple[int, int, int]:
        """Extend this reader's lease to EXTEND_LEASE_SECONDS from now, within bounds.

        Returns the lease's end, its latest possible end, and the store's time, in ms.

        Raises:
            NotFound: No such link, or this reader holds no view of it.
            Gone: The lease is over and cannot be extended any more.
        """
        try:
            return self._readers.extend_lease(
                link,
                reader_key.reader_id(link),
                more=EXTEND_LEASE_SECONDS * SECOND,
                most=self._lease_most,
                evidence=self._facts.close_evidence(link.link_id, evidence),
            )
        except GoneBoxed as gone:
            raise self._facts.gone(gone.end) from None

    def confirm(
        self, link: LinkToken, reader_key: ReaderKey, *, evidence: Evidence | None = None
    ) -> None:
        """Record that this reader confirms reading the message; once for each view.

        Raises:
            NotFound: No such link, or this reader holds no view of it.
        """
        boxed = self._facts.close_evidence(link.link_id, evidence)
        self._readers.confirm(link, reader_key.reader_id(link), boxed)

    def dispute(
        self, link: LinkToken, reader_keys: Sequence[ReaderKey], *, evidence: Evidence | None = None
    ) -> Told | None:
        """Record that somebody other than this browser opened the link: an alarm for the sender.

        Limited to once per browser and three times per link.  Returns None if nobody opened
        the link, or if this browser did.

        Raises:
            NotFound: No such link.
        """
        return self._readers.dispute(
            link,
            [reader_key.reader_id(link) for reader_key in reader_keys],
            self._facts.close_evidence(link.link_id, evidence),
        )

    def decline(
        self, link: LinkToken, reader_keys: Sequence[ReaderKey], *, evidence: Evidence | None = None
    ) -> Declined | None:
        """Record that the message is not meant for this reader, and end this browser's leases.

        Other readers are not affected.  Limited to once per browser and three times per link.
        Returns None if the link ended before this browser opened or declined it.

        Raises:
            NotFound: No such link.
        """
        return self._readers.decline(
            link,
            [reader_key.reader_id(link) for reader_key in reader_keys],
            self._facts.close_evidence(link.link_id, evidence),
        )

    def on_screen(self, link: LinkToken, reader_key: ReaderKey, seconds: int) -> None:
        """Record how long the text was on this reader's screen, as the browser reports it.

        Raises:
            NotFound: No such link, or this reader holds no view of it.
        """
        shown = min(seconds, ON_SCREEN_MOST) * SECOND
        self._readers.on_screen(link, reader_key.reader_id(link), shown)

    def link_history(self, link: LinkToken, reader_keys: Sequence[ReaderKey]) -> LinkHistory:
        """Return what was recorded of this link, as its recipient may see it.

        Raises:
            NotFound: No such link.
        """
        recorded = self._readers.link_history(
            link, [reader_key.reader_id(link) for reader_key in reader_keys]
        )
        return events.link_history(recorded, self._facts)
