"""Digest: one mail for the news of several messages, to an address that gets many.

The script that clears mails gathers them: what a digest tells is the numbers of events, never
their text.  So a message that is forgotten meanwhile is not in the mail.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from restante import events
from restante.channels import digest_email
from restante.channels.channel import Channel, Cleared
from restante.channels.email import HOUR, Email, Happening, mail_out
from restante.email_address import domain
from restante.errors import NotFound
from restante.notices import Notice, Wanted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from restante.channels.channel import Desk, Notification, Place
    from restante.channels.transports import Transports
    from restante.crypto.sealed_fields import SealedFields
    from restante.crypto.tokens import ControlToken
    from restante.messages import Draft
    from restante.store.outbox import Waiting
    from restante.store.replies import Report

NEWS = "digest.news"


class Events(NamedTuple):
    """Some events of one message: those behind *after*, up to *until*."""

    shard: int
    message_id: bytes
    after: int
    until: int


class Digest(Channel[Notice, "tuple[Events, ...]"]):
    """Mails what was gathered.  What is kept of it is no message: it has only this channel."""

    name = "digest"
    wakes = frozenset({NEWS})
    retains = False
    gathers = True
    clears = True
    retries = Email.retries
    concurrency = Email.concurrency
    told_by = Email()

    @property
    def outbox(self) -> str:
        return self.told_by.outbox

    def keep(self, draft: Draft, control: ControlToken, fields: SealedFields) -> bytes:
        return b""

    def target(self, message_id: bytes, kept: bytes, fields: SealedFields) -> Notice | None:
        found = fields.open_target(self.name, message_id, kept)
        return Notice.from_facts(found) if found else None

    def receiver(self, target: Notice) -> str:
        return domain(target.address)

    def render(
        self, message_id: bytes, number: int, waiting: Waiting, fields: SealedFields
    ) -> tuple[Events, ...] | None:
        entry = waiting.entry
        if entry.type != NEWS:
            return None
        its = dict(fact.split("=") for fact in entry.facts.split(","))
        return (Events(int(its["shard"]), entry.evidence, int(its["after"]), int(its["until"])),)

    def gather(
        self, target: Notice | None, told: Sequence[tuple[Events, ...]]
    ) -> tuple[Events, ...]:
        return tuple(one for some in told for one in some)

    def clear(
        self, place: Place, target: Notice | None, content: tuple[Events, ...], desk: Desk
    ) -> Cleared:
        if target is None or target.owner is None:
            return Cleared(content)
        decision, _, token = desk.consents.clear(
            target.address,
            target.owner,
            Wanted(
                (place.shard, place.message_id),
                again=place.again,
                most=desk.settings.budget_mails_address,
                asks=False,
                tried=place.tried,
            ),
        )
        match decision.word:
            case "given" if not (place.again or desk.afford(asks=False)):
                return Cleared(None, settles=False, wait=HOUR)
            case "given":
                return Cleared(self._letter(place, target, content, token, desk))
            case "wait":
                return Cleared(None, settles=False, wait=decision.wait)
        return Cleared(None)

    def _letter(
        self, place: Place, target: Notice, told: Sequence[Events], token: str, desk: Desk
    ) -> digest_email.Letter | None:
        of_messages: dict[tuple[int, bytes], list[Events]] = {}
        for one in told:
            of_messages.setdefault((one.shard, one.message_id), []).append(one)
        shown = list(of_messages.values())[: digest_email.MESSAGES_MOST]
        found = [part for some in shown if (part := self._part(some, desk))]
        if not found:
            return None
        url = desk.settings.public_url
        found.sort(key=lambda one: one[1].happenings[0].at)
        languages, parts = zip(*found, strict=True)
        return digest_email.Letter(
            address=target.address,
            language=languages[-1],
            zone=target.zone,
            parts=parts,
            more=len(of_messages) - len(shown),
            list_url=f"{url}/sent" if target.has_list else None,
            consent_url=f"{url}/n/{token}",
            digest_id=place.message_id,
        )

    def _part(
        self, some: Sequence[Events], desk: Desk
    ) -> tuple[str | None, digest_email.Part] | None:
        """Return what there is to tell of a message, after its language; None if nothing is."""
        happenings: list[Happening] = []
        for one in some:
            try:
                report = desk.report(one.shard, one.message_id, one.after, one.until)
            except NotFound:
                return None
            happenings += self._happenings(one, report, desk)
        target = self.told_by.target(one.message_id, report.email, desk.fields)
        if target is None:
            # The sender wants no mails about it any more.
            return None
        notice = target.notice
        if not (told := [its for its in happenings if notice.wants(its.type, its.facts)]):
            return None
        details = desk.fields.open_message(one.message_id, report.box)
        its_url = f"{desk.settings.public_url}/s/{target.control}"
        has_link = target.control and desk.settings.mail_links
        part = digest_email.Part(
            details.subject, report.times.sent_at, told, report.links, its_url if has_link else None
        )
        return details.language, part

    def _happenings(self, its: Events, report: Report, desk: Desk) -> Iterator[Happening]:
        labels = {row.link_id: row.label for row in report.links}
        for number, entry in enumerate(report.events, start=its.after + 1):
            event = events.event(number, entry, its.message_id, desk.fields)
            label = None
            if event.link_id:
                label = desk.fields.open_label(event.link_id, labels.get(event.link_id, b""))
            yield Happening(event.type, event.at, event.facts, label)

    async def deliver(
        self, target: Notice | None, notification: Notification, through: Transports
    ) -> None:
        await mail_out(notification, through)
