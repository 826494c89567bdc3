"""Readers in the store: their leases and feedback.  Each method is the caller of one script.

Only here do their replies become values or errors.  Private fields stay encrypted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from restante.errors import NotFound
from restante.messages import Declined, State, Told
from restante.store import keys
from restante.store.link_replies import Recorded
from restante.store.replies import Entry, gone
from restante.store.verbs import Verbs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from restante.crypto.tokens import LinkToken


class Readers(Verbs):
    """The verbs on a link's readers.  A reader's id is a hash of its reader key and the link."""

    def acknowledge(self, link: LinkToken, reader_id: bytes, *, keep: bool, evidence: bytes) -> int:
        """Record that the reader has the content; unless *keep*, end its lease.

        Returns how many views the link has left.

        Raises:
            NotFound: No such link, or this reader holds no view of it.
        """
        mode = "keep" if keep else "end"
        match self._run("acknowledge", keys.link(link), reader_id, mode, evidence):
            case [b"acknowledged" | b"repeated", int(views_left)]:
                return views_left
        raise NotFound

    def extend_lease(
        self, link: LinkToken, reader_id: bytes, *, more: int, most: int, evidence: bytes
    ) -> tuple[int, int, int]:
        """Move the lease's end to *more* ms from now, at *most* ms from the claim.

        Returns the lease's end, its latest possible end, and the store's time, in ms.

        Raises:
            NotFound: No such link, or this reader holds no view of it.
            GoneBoxed: The lease is over.
        """
        match self._run("extend_lease", keys.link(link), reader_id, more, most, evidence):
            case [b"prolonged" | b"repeated", lease_until, latest, at]:
                return lease_until, latest, at
            case [b"gone", *boxed]:
                raise gone(boxed)
        raise NotFound

    def confirm(self, link: LinkToken, reader_id: bytes, evidence: bytes) -> None:
        """Record that the reader confirms reading the message.

        Raises:
            NotFound: No such link, or this reader holds no view of it.
        """
        match self._run("confirm", keys.link(link), reader_id, evidence):
            case [b"confirmed" | b"repeated"]:
                return
        raise NotFound

    def dispute(self, link: LinkToken, reader_ids: Sequence[bytes], evidence: bytes) -> Told | None:
        """Record that another browser opened the link; None if none did, or this one did.

        Raises:
            NotFound: No such link.
        """
        match self._run("dispute", keys.link(link), evidence, *reader_ids):
            case [b"disputed" | b"repeated"]:
                return Told.TOLD
            case [b"enough"]:
                return Told.ENOUGH
            case [b"moot"]:
                return None
        raise NotFound

    def decline(
        self, link: LinkToken, reader_ids: Sequence[bytes], evidence: bytes
    ) -> Declined | None:
        """Record that the message is not meant for this reader; end this browser's leases.

        Raises:
            NotFound: No such link.
        """
        match self._run("decline", keys.link(link), evidence, *reader_ids):
            case [b"declined" | b"repeated", held, views_left]:
                return Declined(Told.TOLD, held, views_left)
            case [b"enough", held, views_left]:
                return Declined(Told.ENOUGH, held, views_left)
            case [b"moot"]:
                return None
        raise NotFound

    def on_screen(self, link: LinkToken, reader_id: bytes, shown: int) -> None:
        """Record that the text was on the reader's screen for *shown* ms in all.

        Raises:
            NotFound: No such link, or this reader holds no view of it.
        """
        match self._run("on_screen", keys.link(link), reader_id, shown):
            case [b"counted", _]:
                return
        raise NotFound

    def link_history(self, link: LinkToken, reader_ids: Sequence[bytes]) -> Recorded:
        """Return what was recorded of this link.

        Raises:
            NotFound: No such link.
        """
        match self._run("link_history", keys.link(link), *reader_ids):
            case [b"history", state, message_id, views, events, looks, older]:
                return Recorded(
                    State(state.decode()), message_id,
                    [(view, on_screen) for view, on_screen in views],
                    [Entry.parse(event) for event in events],
                    [Entry.parse(look) for look in looks], older == 1,
                )  # fmt: skip
        raise NotFound
