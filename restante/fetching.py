"""What a reader does with files: fetches them, whole or in parts, while its lease is open."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from restante.background import at_once
from restante.blobs import Name
from restante.blobs.opening import BATCH, open_batch
from restante.crypto import files
from restante.crypto.files import PIECE_SIZE, FileSeal, check_blob
from restante.crypto.sealed_fields import SealedFields
from restante.errors import Damaged, NotFound, RestanteError, TakenOut, Unavailable
from restante.messages import SECOND
from restante.store.replies import GoneBoxed

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from restante.background import Background, Result
    from restante.blobs import Blobs
    from restante.crypto.keyring import Keyring
    from restante.crypto.tokens import LinkToken, ReaderKey
    from restante.messages import Evidence
    from restante.settings import Settings
    from restante.store.fetches import Fetches

ASK_EVERY, ASK_SECONDS = 8 * 1024 * 1024, 10.0
"""Bytes, and time, after which a download asks whether it may go on."""
LEASE_LEAST = 120
"""Seconds that a running download keeps its lease: longer than a piece takes on a slow line."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True, repr=False)
class Ticket:
    """What a reader shows to fetch files: link, reader key and files token."""

    link: LinkToken
    reader_key: ReaderKey
    token: str
    evidence: Evidence | None = None

    @property
    def reader_id(self) -> bytes:
        return self.reader_key.reader_id(self.link)


class OpenFile(NamedTuple):
    """A file that its reader may fetch.

    Attributes:
        number: From 1.
        size: In bytes.
        secret: 32 bytes; opens this file only.
        taken_out_at: When the sender took it out, in ms; then nothing opens it.
    """

    number: int
    name: str
    size: int
    type: str
    blob_id: bytes
    secret: bytes
    taken_out_at: int | None = None


class Place(NamedTuple):
    """Where a download is: in which file, since which byte, and at which."""

    number: int = 0
    size: int = 0
    first: int = 0
    at: int = 0


class Fetching:
    """The reader's verbs on files."""

    def __init__(  # noqa: PLR0913 (what it needs)
        self,
        fetches: Fetches,
        blobs: Blobs | None,
        keyring: Keyring,
        settings: Settings,
        offload: Callable[..., Any],
        *,
        count: Callable[[str, int], None],
        background: Background = at_once,
    ) -> None:
        """*offload* runs what waits for a disk where it does not block other requests."""
        self._background = background
        self._count = count
        self._fetches = fetches
        self._blobs = blobs
        self._keyring = keyring
        self._facts = SealedFields(keyring)
        self._settings = settings
        self._offload = offload

    def files(self, ticket: Ticket) -> tuple[OpenFile, ...]:
        """Return the files of the reader's view that were not taken out; records nothing.

        Raises:
            NotFound: No such link, reader or files, or not this reader's files token.
            Gone: The reader's lease is over, or the link ended.
            Damaged: The manifest does not open.
        """
        return tuple(its for its in self._ask(ticket, Place()) if its.taken_out_at is None)

    def open(self, ticket: Ticket, number: int) -> OpenFile:
        """Return what the manifest says of a file, from 1, whose blob is there; records nothing.

        Raises:
            NotFound, Gone: As `files`; also if there is no such file.
            TakenOut: The sender took it out.
            Damaged: Manifest or blob are not what was sealed.
            Unavailable: The blob is missing, or the disk does not work.
        """
        its = self._ask(ticket, Place())
        if not 1 <= number <= len(its):
            raise NotFound
        file = its[number - 1]
        if file.taken_out_at is not None:
            raise TakenOut(file.taken_out_at)
        name = Name(ticket.link.shard, file.blob_id)
        first, length = self._read(name, 0, 1), self._from_place(lambda blobs: blobs.size(name))
        check_blob(first, length, file.size)
        return file

    def beginning(self, ticket: Ticket, file: OpenFile, most: int) -> bytes:
        """Return up to *most* first bytes of a file that was opened; records nothing.

        Raises:
            Damaged, Unavailable: As `open`.
        """
        return next(self._opened(ticket, file, 0, min(most, file.size)), b"")

    def stream(self, ticket: Ticket, file: OpenFile, first: int, end: int) -> Generator[bytes]:
        """Yield the bytes from *first* to before *end* of a file, in pieces of up to 64 KiB.

        The reader's lease goes on while it runs.

        Raises:
            Gone, NotFound, TakenOut: It must not go on: the link ended, the lease, or the file.
            Damaged: A chunk does not open; nothing of it was yielded.
            Unavailable: The store or the disk does not work.
        """
        where = Place(file.number, file.size, first, first)
        self._ask(ticket, where)
        asked, moment = first, time.monotonic()
        try:
            for piece in self._opened(ticket, file, first, end):
                if where.at - asked >= ASK_EVERY or time.monotonic() - moment >= ASK_SECONDS:
                    self._ask(ticket, where)
                    asked, moment = where.at, time.monotonic()
                yield piece
                self._count("down", len(piece))
                where = where._replace(at=where.at + len(piece))
        except GeneratorExit:
            # The line broke.  Where it is counts, if the reader goes on there.
            with suppress(RestanteError):
                self._ask(ticket, where)
            raise
        self._ask(ticket, where)

    def _opened(self, ticket: Ticket, file: OpenFile, at: int, end: int) -> Iterator[bytes]:
        """Yield these bytes of a file, a piece for each chunk.

        The next batch is read and opened while the one before is sent.
        """
        seal, name = FileSeal.of(file.secret, file.blob_id), Name(ticket.link.shard, file.blob_id)
        last, ends = file.size // PIECE_SIZE, (end - 1) // PIECE_SIZE + 1

        def begin(first: int) -> Result:
            numbers = range(first, min(first + BATCH, ends))
            return self._background(
                lambda: self._from_place(lambda blobs: open_batch(blobs, name, seal, numbers, last))
            )

        if at >= end:
            return
        batch = begin(at // PIECE_SIZE)
        for first in range(at // PIECE_SIZE, ends, BATCH):
            pieces, is_damaged = batch()
            if not is_damaged and first + BATCH < ends:
                batch = begin(first + BATCH)
            for place, piece in enumerate(pieces, first):
                start = at - place * PIECE_SIZE
                some = piece[start : start + end - at]
                at += len(some)
                yield some
            if is_damaged:
                raise Damaged

    def _read(self, name: Name, at: int, size: int) -> bytes:
        return self._from_place(lambda blobs: blobs.read(name, at, size))

    def _from_place(self, read: Callable[[Blobs], T]) -> T:
        if self._blobs is None:
            raise Unavailable
        try:
            found: T = self._offload(read, self._blobs)
        except OSError:
            raise Unavailable from None
        return found

    def _ask(self, ticket: Ticket, where: Place) -> tuple[OpenFile, ...]:
        link, settings = ticket.link, self._settings
        try:
            found = self._fetches.fetch(
                link,
                ticket.reader_id,
                file=where.number,
                size=where.size,
                first=where.first,
                upto=where.at,
                more=max(settings.lease_seconds, LEASE_LEAST) * SECOND,
                most=settings.download_most * SECOND,
                evidence=self._facts.close_evidence(link.link_id, ticket.evidence),
            )
        except GoneBoxed as gone:
            raise self._facts.gone(gone.end) from None
        key = files.open_files_token(
            ticket.token,
            token_key=files.token_key(self._keyring, found.wrapped),
            link=link,
            reader_id=ticket.reader_id,
        )
        if key is None:
            raise NotFound
        sealed = files.open_manifest(
            found.manifest, key=key, message_id=found.message_id, version=found.version
        )
        if len(sealed) != len(found.shares):
            raise Damaged
        return tuple(
            OpenFile(
                number,
                its.name,
                its.size,
                its.type,
                its.blob_id,
                files.other_share(its.share, share),
                found.taken_out_at.get(number),
            )
            for number, (its, share) in enumerate(zip(sealed, found.shares, strict=True), 1)
        )
