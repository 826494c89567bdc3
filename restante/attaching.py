"""Makes uploads the files of a version: checks them, names them, seals their manifest."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from restante.crypto import files
from restante.crypto.files import SealedFile, UploadToken
from restante.errors import Fault, Invalid, NotFound
from restante.file_names import distinct, fit_name, fit_type
from restante.store.kept_files import entries_of
from restante.store.replies import NO_FILES, NewFiles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from restante.crypto.sealed_fields import SealedFields
    from restante.messages import NewFile
    from restante.settings import Settings
    from restante.store.uploads import Uploads


class Attached(NamedTuple):
    """The files of a draft, ready to be sealed, and the shard that they are in.

    `shares` has the store's share of each file's secret.
    """

    shard: int | None = None
    files: tuple[SealedFile, ...] = ()
    shares: tuple[bytes, ...] = ()


class Attaching:
    """Turns the uploads that a draft names into what the store keeps of its files."""

    def __init__(self, uploads: Uploads, facts: SealedFields, settings: Settings) -> None:
        self._uploads = uploads
        self._facts = facts
        self._settings = settings

    def look(self, drafted: Sequence[NewFile], shard: int | None = None) -> Attached:
        """Return the files of a draft: one round trip if it has some.

        An upload that is missing counts as empty: the store decides whether the draft was sent
        before, or lacks it.

        Raises:
            Invalid: No upload token, one twice, in another shard than the message or each other,
                too many, or too large together.
        """
        if not drafted:
            return Attached()
        if self._settings.blobs_place is None:
            raise Invalid([Fault("files", "this service takes no files")])
        if len(drafted) > self._settings.files_most:
            raise Invalid([Fault("files", f"at most {self._settings.files_most}")])
        tokens = _tokens(drafted, shard)
        found = self._uploads.progress(tokens)
        names = distinct([fit_name(its.name) for its in drafted])
        shares = tuple(files.new_share() for _ in tokens)
        its = tuple(
            SealedFile(
                name=name,
                size=progress.offset if progress else 0,
                type=fit_type(one.type),
                blob_id=token.blob_id,
                share=files.other_share(
                    token.file_secret(progress.salt if progress else b""), share
                ),
            )
            for name, one, token, progress, share in zip(
                names, drafted, tokens, found, shares, strict=True
            )
        )
        if sum(one.size for one in its) > self._settings.files_message_max:
            most = self._settings.files_message_max
            raise Invalid([Fault("files", f"at most {most} bytes together")])
        return Attached(tokens[0].shard, its, shares)

    def seal(
        self,
        attached: Attached,
        content_key: bytes,
        root_id: bytes,
        message_id: bytes,
        version: int,
    ) -> NewFiles:
        """Return what the store keeps of the files of a version."""
        if not attached.files:
            return NO_FILES
        manifest = files.seal_manifest(
            attached.files,
            key=files.files_key(content_key),
            root_id=root_id,
            message_id=message_id,
            version=version,
        )
        names = json.dumps([its.name for its in attached.files], ensure_ascii=False)
        sizes = json.dumps([its.size for its in attached.files])
        box = self._facts.close_files(message_id, {"names": names, "sizes": sizes})
        blobs = entries_of(
            (its.blob_id, share) for its, share in zip(attached.files, attached.shares, strict=True)
        )
        return NewFiles(manifest, box, blobs, ",".join(str(its.size) for its in attached.files))


def _tokens(drafted: Sequence[NewFile], shard: int | None) -> list[UploadToken]:
    tokens: list[UploadToken] = []
    faults = []
    for place, one in enumerate(drafted):
        try:
            token = UploadToken.parse(one.upload)
        except NotFound:
            faults.append(Fault(f"files[{place}]", "not an upload token"))
            continue
        wanted = shard if shard is not None else (tokens[0] if tokens else token).shard
        if token in tokens:
            faults.append(Fault(f"files[{place}]", "the same upload twice"))
        elif token.shard != wanted:
            faults.append(Fault(f"files[{place}]", "uploaded for another message"))
        tokens.append(token)
    if faults:
        raise Invalid(faults)
    return tokens
