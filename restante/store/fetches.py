"""Downloads in the store: whether a reader may fetch, and how far it came."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from restante.errors import NotFound, TakenOut
from restante.store import keys
from restante.store.kept_files import moments_of, shares_of
from restante.store.replies import gone
from restante.store.verbs import Verbs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from restante.crypto.tokens import LinkToken


class Fetched(NamedTuple):
    """The sealed manifest of a reader's view, with what opens it beside the files key.

    `shares` has the store's share of each file's secret, and `taken_out_at` which files were taken
    out, by their numbers from 1, and when.
    """

    message_id: bytes
    version: int
    wrapped: bytes
    manifest: bytes
    shares: tuple[bytes, ...]
    taken_out_at: Mapping[int, int]
    lease_until: int
    at: int


class Fetches(Verbs):
    """The verb on files of a link."""

    def fetch(  # noqa: PLR0913 (what fetch_file.lua is told)
        self,
        link: LinkToken,
        reader_id: bytes,
        *,
        file: int,
        size: int,
        first: int,
        upto: int,
        more: int,
        most: int,
        evidence: bytes,
    ) -> Fetched:
        """Note how far a download of a file came, and keep its lease; *file* 0 only looks.

        Raises:
            NotFound: No such link, reader or files.
            TakenOut: The sender took this file out.
            GoneBoxed: The lease is over, or the link ended.
        """
        match self._run(
            "fetch_file", keys.link(link),
            reader_id, file, size, first, upto, more, most, evidence,
        ):  # fmt: skip
            case [b"file", its]:
                return Fetched(
                    its[b"message"],
                    its[b"version"],
                    its[b"wrapped"],
                    its[b"manifest"],
                    shares_of(its[b"entries"]),
                    moments_of(its[b"taken"]),
                    its[b"lease_until"],
                    its[b"now"],
                )
            case [b"taken", at]:
                raise TakenOut(at)
            case [b"gone", *boxed]:
                raise gone(boxed)
        raise NotFound
