"""What a sender does that seals a text: send and replace."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from restante import validation
from restante.channels import CHANNELS
from restante.crypto import envelope, sent_lines
from restante.crypto.envelope import LinkKeys
from restante.crypto.passphrases import NEWEST, spelled
from restante.crypto.sealed_fields import SealedFields
from restante.crypto.send_key import Proof
from restante.crypto.sent_lines import Line
from restante.crypto.tokens import ControlToken, LinkToken, ListToken, sender_mark
from restante.email_address import mailbox
from restante.errors import Fault, Invalid, KeyReused, Unavailable
from restante.messages import SECOND, Draft, Evidence, State
from restante.reports import Replaced, Sent, SentLink
from restante.store.replies import Changed, NewLink, NewMessage, Repeated

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from restante.attaching import Attaching
    from restante.crypto.keyring import Keyring
    from restante.crypto.send_key import SendKey
    from restante.messages import NewFile
    from restante.settings import Settings
    from restante.store.messages import Messages
    from restante.store.replies import Times

NOTIFYING_SECONDS = 4 * 86_400
"""Longer than the retries of a delivery; equals DELIVERY_MS in the scripts."""
REPLACE_TRIES = 5
"""Attempts while others replace the same message at the same moment: one wins each round."""

Afford = Callable[[int], None]


def _free(_: int) -> None:
    """Allow any number of bytes."""


def _ms(seconds: int | None) -> int | None:
    return None if seconds is None else seconds * SECOND


class Sending:
    """The sender's verbs that seal a text."""

    def __init__(
        self,
        messages: Messages,
        keyring: Keyring,
        settings: Settings,
        offload: Callable[..., Any],
        attaching: Attaching,
    ) -> None:
        """*offload* runs Argon2 where it does not block other requests."""
        self._messages = messages
        self._keyring = keyring
        self._settings = settings
        self._offload = offload
        self._attaching = attaching
        self._facts = SealedFields(keyring)

    def check(self, draft: Draft, found: Iterable[Fault] = ()) -> bytes:
        """Return the text as UTF-8 if the draft is valid.

        Raises:
            Invalid: Names every invalid field, those already *found* first.
            TooLarge: Only the text's size is wrong.
        """
        faults = list(found)
        known = {fault.field for fault in faults}
        faults += [
            f for f in validation.draft_faults(draft, self._settings) if f.field not in known
        ]
        if faults:
            raise Invalid(faults)
        return validation.text_bytes(draft.text, self._settings.text_max)

    def send(
        self,
        draft: Draft,
        *,
        cookie: str | None = None,
        evidence: Evidence | None = None,
        afford: Afford = _free,
        once: SendKey | None = None,
    ) -> Sent:
        """Seal the draft, create a link for each recipient, and store all of it or nothing.

        Without recipients there is one link without a label.  *cookie* is the sender's: all
        that one browser sends is in one shard.
        If the draft is valid, *afford* gets the text's size in bytes; it enforces the quota
        by raising.  With *once*, the same request again returns the first message, for a day.

        Raises:
            Invalid, TooLarge: See `check`.
            KeyReused: *once* belongs to another request.
            Unavailable: The store is full or does not answer; no link may be returned.
        """
        text = self.check(draft)
        settings = self._settings
        listed = ListToken.of_cookie(cookie) if settings.sent_list and not once else None
        shard = once.shard if once else listed.shard if listed else None
        attached = self._attaching.look(draft.files, shard)
        afford(len(text))
        if once:
            control, proof = once.begin(self._keyring)
        else:
            control, proof = ControlToken.new(attached.shard if shard is None else shard), None
        details = validation.normal_details(draft.details)
        message_id = control.message_id
        recipients = draft.recipients or (None,)
        labels = [validation.normal(label) for label in recipients]
        used = self._channels(draft, control)
        content_key = envelope.new_content_key()
        stretched = self._stretch(draft.passphrase, message_id)
        tokens = [control.link(index) for index in range(len(recipients))]
        links = []
        for token, label in zip(tokens, labels, strict=True):
            wrapped, verifier = self._wrap(token, content_key, stretched, message_id, 1)
            label_box = self._facts.close_label(token.link_id, label)
            its = mailbox(label) if details.mailed_code and label else None
            address = self._facts.close_address(token.link_id, its.address if its else None)
            links.append(NewLink(token.link_id, wrapped, verifier, label_box, address))
        expires_in = draft.expires_in_seconds or settings.expiry_default
        line = sent_lines.seal(listed, Line.of(control, details.subject, labels)) if listed else b""
        has_tries = details.mailed_code or draft.passphrase is not None
        new = NewMessage(
            hold=draft.hold_seconds * SECOND,
            expires_in=expires_in * SECOND,
            lease=settings.lease_seconds * SECOND,
            retention=self._retention(used) * SECOND,
            views=draft.views,
            tries=settings.passphrase_tries if has_tries else None,
            root_id=self._keyring.newest_id,
            box=self._facts.close_message(message_id, details),
            sender_mark=sender_mark(control, cookie) if cookie else b"",
            evidence=self._facts.close_evidence(message_id, evidence),
            content=envelope.seal_content(
                text,
                content_key=content_key,
                root_id=self._keyring.newest_id,
                message_id=message_id,
                version=1,
            ),
            tell=_ms(draft.rules.tell_after),
            recall=_ms(draft.rules.recall_after),
            channels=used,
            links=links,
            send_id=once.send_id if once else b"",
            proof=bytes(proof) if proof else b"",
            listed=(listed.sender_id if listed else b"", line),
            list_lasts=settings.sent_list_seconds * SECOND,
            files=self._attaching.seal(
                attached, content_key, self._keyring.newest_id, message_id, 1
            ),
        )
        try:
            times, is_closed = self._messages.send(control, new)
        except Repeated as first:
            return self._again(draft, once, first)
        return self._sent(draft, control, times, line if is_closed else None)

    def replace(  # noqa: PLR0913 (what a sender may change)
        self,
        control: ControlToken,
        text: str,
        *,
        files: Sequence[NewFile] = (),
        passphrase: str | None = None,
        evidence: Evidence | None = None,
        afford: Afford = _free,
    ) -> tuple[int, list[Replaced]]:
        """Replace text and files of all links that are not read yet.

        Returns the newest version and each link's outcome.  Readers of an earlier version
        keep theirs.  *afford* as in `send`.

        Raises:
            NotFound: No such message.
            Invalid, TooLarge: Also if the message has a passphrase and none is given.
            Unavailable: The store is full or does not answer.
        """
        faults = list(validation.text_faults(text))
        if passphrase is not None:
            faults += validation.passphrase_faults(passphrase)
        if faults:
            raise Invalid(faults)
        plain = validation.text_bytes(text, self._settings.text_max)
        message_id = control.message_id
        attached = self._attaching.look(files, control.shard)
        stretched = b""
        for attempt in range(REPLACE_TRIES):
            version, links, has_passphrase = self._messages.outline(control)
            if has_passphrase and passphrase is None:
                raise Invalid([Fault("passphrase", "required: the message has one")])
            if not attempt:
                afford(len(plain))
            stretched = stretched or self._stretch(passphrase, message_id)
            content_key = envelope.new_content_key()
            try:
                newest, outcomes = self._messages.replace(
                    control,
                    version + 1,
                    envelope.seal_content(
                        plain,
                        content_key=content_key,
                        root_id=self._keyring.newest_id,
                        message_id=message_id,
                        version=version + 1,
                    ),
                    root_id=self._keyring.newest_id,
                    tries=None if passphrase is None else self._settings.passphrase_tries,
                    wrapped=[
                        self._wrap(
                            control.link(index), content_key, stretched, message_id, version + 1
                        )
                        for index in range(links)
                    ],
                    evidence=self._facts.close_evidence(message_id, evidence),
                    files=self._attaching.seal(
                        attached, content_key, self._keyring.newest_id, message_id, version + 1
                    ),
                )
            except Changed:
                continue
            return newest, [Replaced(link_id, outcome) for link_id, outcome in outcomes]
        raise Unavailable

    def _again(self, draft: Draft, once: SendKey | None, first: Repeated) -> Sent:
        proof = Proof.parse(first.proof)
        if once is None or not (control := once.repeat(self._keyring, proof)):
            raise KeyReused
        return self._sent(draft, control, first.times)

    def _sent(
        self, draft: Draft, control: ControlToken, times: Times, unlisted: bytes | None = None
    ) -> Sent:
        state = State.HELD if draft.hold_seconds else State.SEALED
        labels = draft.recipients or (None,)
        links = tuple(
            SentLink(token.link_id, validation.normal(label), token, state)
            for token, label in zip(map(control.link, range(len(labels))), labels, strict=True)
        )
        secret = control.webhook_secret if draft.webhook else None
        return Sent(control.message_id, control, links, *times, secret, unlisted)

    def _channels(self, draft: Draft, control: ControlToken) -> dict[str, bytes]:
        """Return what is stored for each channel that the message uses."""
        kept = {
            name: channel.keep(draft, control, self._facts) for name, channel in CHANNELS.items()
        }
        return {name: one for name, one in kept.items() if one}

    def _retention(self, used: Iterable[str]) -> int:
        """Return the retention in seconds: for some channels, at least until their retries end."""
        kept = self._settings.retention_seconds
        retains = any(CHANNELS[name].retains for name in used)
        return max(kept, NOTIFYING_SECONDS) if retains else kept

    def _stretch(self, passphrase: str | None, message_id: bytes) -> bytes:
        if passphrase is None:
            return b""
        stretched: bytes = self._offload(envelope.stretch, spelled(passphrase), message_id)
        return stretched

    def _wrap(
        self,
        token: LinkToken,
        content_key: bytes,
        stretched: bytes,
        message_id: bytes,
        version: int,
    ) -> tuple[bytes, bytes]:
        keys = LinkKeys.derive(self._keyring.newest, token, stretched)
        wrapped = envelope.wrap_key(
            content_key, keys=keys, message_id=message_id, link_id=token.link_id, version=version
        )
        return wrapped, bytes([NEWEST]) + keys.verifier if stretched else b""
