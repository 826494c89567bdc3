"""What a recipient does: preview the gate, request a mailed code, open the message."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from restante import validation
from restante.crypto import envelope, files
from restante.crypto.envelope import LinkKeys
from restante.crypto.mailed_codes import (
    CODES_MOST,
    DIGITS,
    GOOD_SECONDS,
    PAUSE_SECONDS,
    mac,
    macs,
    new_code,
)
from restante.crypto.passphrases import AS_GIVEN, spelled
from restante.crypto.sealed_fields import SealedFields
from restante.errors import Damaged, Invalid, PassphraseRequired, Unavailable
from restante.file_reports import ListedFile
from restante.messages import SECOND
from restante.reports import Content, Preview, Requested
from restante.store.replies import Changed, GoneBoxed, Unseen
from restante.typed_digits import code_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from restante.crypto.keyring import Keyring
    from restante.crypto.tokens import LinkToken, ReaderKey
    from restante.files_there import FilesThere
    from restante.messages import Evidence
    from restante.settings import Settings
    from restante.store.link_replies import Released
    from restante.store.links import Links

REVEAL_TRIES = 4
"""Attempts of a reveal: files take one more, a replace at the same moment, too."""


class Reading:
    """The recipient's verbs.  Each needs the link token."""

    def __init__(
        self,
        links: Links,
        keyring: Keyring,
        settings: Settings,
        offload: Callable[..., Any],
        there: FilesThere,
    ) -> None:
        """*offload* runs Argon2 where it does not block other requests."""
        self._links = links
        self._there = there
        self._keyring = keyring
        self._lease_most = settings.lease_most * SECOND
        self._offload = offload
        self._facts = SealedFields(keyring)
        self._ring = b"".join(keyring.ids)

    def preview(
        self,
        link: LinkToken,
        reader_keys: Sequence[ReaderKey] = (),
        *,
        visitor: str,
        evidence: Evidence | None = None,
    ) -> Preview:
        """Return what the gate shows, and record a look.

        *reader_keys* are this browser's keys, in the order of use.  *visitor* is the look's
        class, such as `browser`; if empty, no look is recorded.

        Raises:
            NotFound: No such link.
        """
        gate = self._links.preview(
            link,
            visitor,
            self._facts.close_evidence(link.link_id, evidence),
            [reader_key.reader_id(link) for reader_key in reader_keys],
        )
        return Preview(
            state=gate.state,
            details=self._facts.open_message(gate.message_id, gate.box),
            opens_at=gate.opens_at,
            expires_at=gate.expires_at,
            views_left=0 if gate.state.final else gate.views_left,
            needs_passphrase=gate.needs_passphrase,
            at=gate.at,
            tries_left=gate.tries_left,
            ordinal=gate.ordinal,
            lease_until=gate.lease_until,
            ended_at=gate.ended_at,
            reason=self._facts.reason(gate.message_id, gate.reason),
            watched=gate.watched,
            needs_code=gate.needs_code,
            paused=gate.paused,
            **gate.past._asdict(),
        )

    def reveal(  # noqa: PLR0913 (who asks, and with what)
        self,
        link: LinkToken,
        reader_key: ReaderKey,
        passphrase: str | None,
        *,
        code: str | None = None,
        visitor: str,
        evidence: Evidence | None = None,
        wary: bool = False,
    ) -> Content:
        """Open the message for one reader and spend one view.

        The view is spent before the text is decrypted, so no second reader can get it.
        Idempotent during the lease: the same reader key gets the same view again
        (docs/decisions/0003-one-reader.md).  With *wary*, a recent visit by a machine refuses
        the reveal: pass it if nothing but a pressed button speaks for a person.

        Raises:
            Invalid: No possible passphrase, or a code that is not six digits.  Nothing is spent.
            NotFound, Gone, Paused, Held: Nothing is spent.
            PassphraseRequired, CodeRequired: Nothing is spent.
            PassphraseWrong, CodeWrong: One try is spent, no view.
            Watched: Only with *wary*.  Nothing is spent.
            Unavailable: Perhaps a view was spent; the same reader key may ask again.  If it is
                because a file of the message is missing, none was.
            Damaged: The view was spent, but the stored data does not decrypt; the timeline
                gets `link.failed`.
        """
        boxed = self._facts.close_evidence(link.link_id, evidence)
        codes = macs(self._keyring, link.link_id, code_of(code, DIGITS))
        seen, keys, is_new = b"", None, True
        for _ in range(REVEAL_TRIES):
            keys = self._keys_for(link, passphrase) if is_new else keys
            is_new = True
            try:
                released = self._links.reveal(
                    link,
                    reader_key.reader_id(link),
                    ring=self._ring,
                    verifier=keys.verifier if keys else b"",
                    root_id=keys.root_id if keys else b"",
                    visitor=visitor,
                    evidence=boxed,
                    wary=wary,
                    codes=codes,
                    seen=seen,
                )
            except GoneBoxed as gone:
                raise self._facts.gone(gone.end) from None
            except Changed:
                continue
            except Unseen as unseen:
                self._there.check(link.shard, unseen.blob_ids)
                seen, is_new = b"".join(unseen.blob_ids), False
                continue
            except PassphraseRequired:
                if passphrase is None:
                    raise
                continue  # a replace added the passphrase after `salt` was read
            try:
                return self._open(link, reader_key, released, keys)
            except Damaged:
                self._links.fail(link, boxed)
                raise
        raise Unavailable

    def request_code(
        self,
        link: LinkToken,
        *,
        language: str,
        evidence: Evidence | None = None,
        wary: bool = False,
    ) -> Requested | None:
        """Have a six-digit code mailed to the link's recipient, in this language.

        A second request within a minute changes nothing: the first code stays valid.
        Returns None if the link needs no code.

        Raises:
            NotFound, Gone, Paused, Held, CodesUsedUp: Nothing is mailed.
            Watched: Only with *wary*; nothing is mailed.
            Unavailable: The same request again is safe.
        """
        code = new_code()
        try:
            return self._links.request_code(
                link,
                mac(self._keyring.newest, link.link_id, code),
                self._facts.close_code(link.link_id, {"code": code, "language": language}),
                lasts=GOOD_SECONDS * SECOND,
                pause=PAUSE_SECONDS * SECOND,
                most=CODES_MOST,
                evidence=self._facts.close_evidence(link.link_id, evidence),
                wary=wary,
            )
        except GoneBoxed as gone:
            raise self._facts.gone(gone.end) from None

    def _keys_for(self, link: LinkToken, passphrase: str | None) -> LinkKeys | None:
        """Return the link's keys under this passphrase.

        None if the link has no passphrase, or if its root key is not in the keyring;
        reveal.lua tells these two cases apart.
        """
        if passphrase is None or not (salt := self._links.salt(link)):
            return None
        message_id, root_id, form = salt
        if faults := list(validation.passphrase_faults(passphrase, form)):
            raise Invalid(faults)
        if root_id not in self._keyring.ids:
            return None
        root_key = self._keyring[root_id]
        stretched = self._offload(envelope.stretch, spelled(passphrase, form), message_id)
        keys = LinkKeys.derive(root_key, link, stretched)
        before = bytes([form]) if form > AS_GIVEN else b""
        return replace(keys, verifier=before + keys.verifier)

    def _open(
        self,
        link: LinkToken,
        reader_key: ReaderKey,
        released: Released,
        keys: LinkKeys | None,
    ) -> Content:
        keys = keys or LinkKeys.derive(self._keyring[released.root_id], link)
        content_key = envelope.unwrap_key(
            released.wrapped,
            keys=keys,
            message_id=released.message_id,
            link_id=link.link_id,
            version=released.version,
        )
        text = envelope.unseal_content(
            released.content,
            content_key=content_key,
            message_id=released.message_id,
            version=released.version,
        )
        return Content(
            text=text.decode(),
            state=released.state,
            views_left=released.views_left,
            lease_until=released.lease_until,
            lease_most=min(released.claimed_at + self._lease_most, released.expires_at),
            at=released.at,
            fresh=released.fresh,
            needs_passphrase=released.needs_passphrase,
            details=self._facts.open_message(released.message_id, released.box),
            **self._files(link, reader_key, released, content_key),
        )

    def _files(
        self, link: LinkToken, reader_key: ReaderKey, released: Released, content_key: bytes
    ) -> dict[str, Any]:
        """Return what the manifest says of the files, and the token for fetching them."""
        if not released.files:
            return {}
        key = files.files_key(content_key)
        found = files.open_manifest(
            released.files, key=key, message_id=released.message_id, version=released.version
        )
        token = files.close_files_token(
            key,
            token_key=files.token_key(self._keyring, released.wrapped),
            link=link,
            reader_id=reader_key.reader_id(link),
        )
        return {
            "files": tuple(
                ListedFile(number, its.name, its.size, its.type, taken_out_at)
                for number, its in enumerate(found, 1)
                # Who opens the message later need not know that there was more.
                if (taken_out_at := released.taken_out_at.get(number)) is None
                or taken_out_at > released.claimed_at
            ),
            "files_token": token,
        }
