"""Links in the store: preview, reveal, request a code.  Each method is the caller of one script.

Only here do their replies become values or errors.  Private fields stay encrypted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from restante.errors import (
    CodeRequired,
    CodesUsedUp,
    CodeWrong,
    Held,
    NotFound,
    PassphraseRequired,
    PassphraseWrong,
    Paused,
    Unavailable,
    Watched,
)
from restante.reports import Requested
from restante.store import keys
from restante.store.connection import new_request
from restante.store.link_replies import Gate, Released
from restante.store.replies import Changed, Unseen, gone
from restante.store.verbs import Verbs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from restante.crypto.tokens import LinkToken


class Links(Verbs):
    """The verbs on a link before and while it is opened."""

    def preview(
        self, link: LinkToken, visitor: str, evidence: bytes, readers: Iterable[bytes] = ()
    ) -> Gate:
        """Return what the gate shows, and record a look unless *visitor* is empty.

        Raises:
            NotFound: No such link.
        """
        match self._run("preview", keys.link(link), visitor, evidence, *readers):
            case [b"preview", its]:
                return Gate.of(its)
        raise NotFound

    def salt(self, link: LinkToken) -> tuple[bytes, bytes, int] | None:
        """Return salt, root key id and form of a passphrase, for a link that asks for one.

        Raises:
            NotFound: No such link.
        """
        match self._run("salt", keys.link(link)):
            case [b"salt", message_id, root_id, form]:
                return message_id, root_id, form
            case [b"none"]:
                return None
        raise NotFound

    def reveal(  # noqa: C901, PLR0913 (what reveal.lua is told)
        self,
        link: LinkToken,
        reader_id: bytes,
        *,
        ring: bytes,
        verifier: bytes,
        root_id: bytes,
        visitor: str,
        evidence: bytes,
        wary: bool,
        codes: bytes = b"",
        seen: bytes = b"",
    ) -> Released:
        """Spend a view for this reader, or return the view that it has a lease on.

        Raises:
            NotFound, GoneBoxed, Paused, Held, PassphraseRequired, PassphraseWrong,
                CodeRequired, CodeWrong: As reveal.lua says.
            Watched: Only with *wary*.
            Unavailable: Also if the link's root key is not in the *ring*.
            Changed: A replace changed the root key that the verifier was derived from.
            Unseen: It has other files than those that were *seen* in their place.
        """
        match self._run(
            "reveal", keys.link(link),
            reader_id, ring, verifier, root_id, visitor, evidence, int(wary), codes, new_request(),
            seen,
        ):  # fmt: skip
            case [b"revealed" | b"reread" as word, its]:
                return Released.of(its, fresh=word == b"revealed")
            case [b"gone" | b"locked", *boxed]:
                raise gone(boxed)
            case [b"paused"]:
                raise Paused
            case [b"held", opens_at, at]:
                raise Held(opens_at, at)
            case [b"passphrase-required"]:
                raise PassphraseRequired
            case [b"passphrase-wrong", tries_left]:
                raise PassphraseWrong(tries_left)
            case [b"watched"]:
                raise Watched
            case [b"code-required"]:
                raise CodeRequired
            case [b"code-wrong", tries_left]:
                raise CodeWrong(tries_left)
            case [b"unavailable"]:
                raise Unavailable
            case [b"changed"]:
                raise Changed
            case [b"look", ids]:
                raise Unseen(ids)
        raise NotFound

    def request_code(  # noqa: PLR0913 (what request_code.lua is told)
        self,
        link: LinkToken,
        mac: bytes,
        box: bytes,
        *,
        lasts: int,
        pause: int,
        most: int,
        evidence: bytes,
        wary: bool,
    ) -> Requested | None:
        """Store a new code and put its mail into the outbox; None if the link needs no code.

        Raises:
            NotFound, GoneBoxed, Paused, Held, CodesUsedUp: Nothing is mailed.
            Watched: Only with *wary*.
        """
        match self._run(
            "request_code", keys.link(link), mac, box, lasts, pause, most, evidence, int(wary)
        ):
            case [b"requested" | b"just-sent" as word, until, at]:
                return Requested(until, at, word == b"requested")
            case [b"not-needed"]:
                return None
            case [b"watched"]:
                raise Watched
            case [b"used-up"]:
                raise CodesUsedUp
            case [b"paused"]:
                raise Paused
            case [b"held", opens_at, at]:
                raise Held(opens_at, at)
            case [b"gone", *boxed]:
                raise gone(boxed)
        raise NotFound

    def fail(self, link: LinkToken, evidence: bytes) -> None:
        """Record that a claimed view could not be decrypted."""
        self._run("fail", keys.link(link), evidence, new_request())
