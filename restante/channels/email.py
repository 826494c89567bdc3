"""E-mail: tells the sender what happened to a message, once their address consented.

All that happened is gathered into one mail a minute at most.  A mail names the message by the
sender's own subject; it has no content and no link's token.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from restante import events
from restante.channels import ask_email, digest_email, notice_email
from restante.channels.channel import Channel, Cleared, Concurrency
from restante.channels.failures import FailureReason, Refused, failed
from restante.channels.retries import Retries
from restante.email_address import domain, mailbox
from restante.errors import Fault, NotFound
from restante.notices import EVENTS, TEST, WAKING, Notice, Wanted
from restante.zones import is_zone

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from restante.channels.channel import Desk, Notification, Place
    from restante.channels.transports import Transports
    from restante.crypto.sealed_fields import SealedFields
    from restante.crypto.tokens import ControlToken
    from restante.messages import Draft
    from restante.settings import Settings
    from restante.store.outbox import Waiting

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
OCCASIONS = frozenset({"message.sent", "message.notify_changed"})
"""Events that only see to the consent."""
GIVEN, ASKED, REFUSED = "given", "asked", "refused"
"""Notes for the sender: how the consent stood when a mail was due."""
ASKING_MOST = 3 * DAY
"""How long events wait until their address may be asked; after that nobody is asked for them."""


class Target(NamedTuple):
    """What is kept with a message.  None of it is ever logged.

    Attributes:
        control: The control token, if the sender wants a button in each mail.
    """

    notice: Notice
    control: str | None


class Happening(NamedTuple):
    """One event, as a mail tells it; *label* is the recipient's."""

    type: str
    at: int
    facts: Mapping[str, Any]
    label: str | None


class News(NamedTuple):
    """What there is to tell, and since when it waits, in ms."""

    happenings: tuple[Happening, ...]
    since: int


class Email(Channel[Target, "News"]):
    """Mails the events that the sender chose, with the state of each recipient."""

    name = "email"
    wakes = WAKING | OCCASIONS | {TEST}
    gathers = True
    clears = True
    pause = MINUTE
    retries = Retries((30, 120, 300, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 86_400), jitter=0.2)
    """Eleven tries within some two days: a server that greylists takes the second or third."""
    concurrency = Concurrency(slots=64, failing=16)

    def faults(self, draft: Draft, settings: Settings) -> Iterator[Fault]:
        its = draft.notice
        if its is None:
            return
        if settings.smtp_url is None:
            yield Fault("notify.email", "this service sends no mail")
        elif mailbox(its.address) is None:
            yield Fault("notify.email", "an e-mail address")
        if not its.events or not set(its.events) <= EVENTS.keys():
            yield Fault("notify.events", f"at least one of {', '.join(EVENTS)}")
        if its.zone is not None and not is_zone(its.zone):
            yield Fault("notify.time_zone", "a time zone of IANA, as Europe/Madrid")
        if its.has_link and not settings.mail_links:
            yield Fault("notify.control_link", "this service puts no such link into mails")

    def keep(self, draft: Draft, control: ControlToken, fields: SealedFields) -> bytes:
        its = draft.notice
        facts = its.as_facts(str(control)) if its else {}
        return fields.close_target(self.name, control.message_id, facts)

    def target(self, message_id: bytes, kept: bytes, fields: SealedFields) -> Target | None:
        found = fields.open_target(self.name, message_id, kept)
        return Target(Notice.from_facts(found), found.get("control")) if found else None

    def receiver(self, target: Target) -> str:
        """Return the domain: the mail server may be slow for one domain."""
        return domain(target.notice.address)

    def render(
        self, message_id: bytes, number: int, waiting: Waiting, fields: SealedFields
    ) -> News | None:
        if waiting.entry.type not in self.wakes:
            return None
        event = events.event(number, waiting.entry, message_id, fields)
        label = fields.open_label(event.link_id, waiting.label) if event.link_id else None
        return News((Happening(event.type, event.at, event.facts, label),), event.at)

    def gather(self, target: Target | None, told: Sequence[News]) -> News | None:
        all_of_them = [one for news in told for one in news.happenings]
        chosen = tuple(
            one for one in all_of_them if target and target.notice.wants(one.type, one.facts)
        )
        is_occasion = any(one.type in OCCASIONS for one in all_of_them)
        if target and not chosen and not is_occasion:
            return None
        return News(chosen, told[0].since)

    def clear(self, place: Place, target: Target | None, content: News, desk: Desk) -> Cleared:
        if target is None:
            return Cleared(content)
        notice, message = target.notice, (place.shard, place.message_id)
        waits = place.at - content.since
        decision, address, token = desk.consents.clear(
            notice.address,
            notice.owner or place.message_id,
            Wanted(
                message,
                news=bool(content.happenings),
                again=place.again,
                most=desk.settings.budget_mails_address,
                asks=waits < ASKING_MOST,
                tried=place.tried,
                events=(place.after, place.until),
                digest=notice.for_digest(place.message_id),
            ),
        )
        match decision.word:
            case "given" if not content.happenings:
                return Cleared(None, note=GIVEN)
            case "gathered":
                return Cleared(None, note=GIVEN)
            case "given" | "ask" as word if not (place.again or desk.afford(asks=word == "ask")):
                return Cleared(None, settles=False, wait=HOUR)
            case "given":
                letter = self._notice(place, target, content, token, desk)
                return Cleared(letter, note=GIVEN)
            case "ask":
                name = f"{address.consent_id.hex()}-{decision.asked_at}"
                after = partial(desk.consents.record_ask, address, decision.asked_at, message)
                ask = self._ask(place, target, name, token, desk)
                return Cleared(ask, settles=False, wait=DAY, after=after, note=ASKED)
            case "asked":
                return Cleared(None, settles=False, wait=DAY, note=ASKED)
            case "wait" | "full":
                return Cleared(None, settles=False, wait=decision.wait)
            case "late":
                return Cleared(None)
        return Cleared(None, note=REFUSED)

    def _ask(
        self, place: Place, target: Target, name: str, token: str, desk: Desk
    ) -> ask_email.Ask | None:
        try:
            report = desk.report(place.shard, place.message_id)
        except NotFound:
            return None
        details = desk.fields.open_message(place.message_id, report.box)
        return ask_email.Ask(
            target.notice.address, name, desk.settings.public_url, token, details.language
        )

    def _notice(
        self, place: Place, target: Target, news: News, token: str, desk: Desk
    ) -> notice_email.Letter | None:
        try:
            report = desk.report(place.shard, place.message_id)
        except NotFound:
            return None
        details = desk.fields.open_message(place.message_id, report.box)
        url = desk.settings.public_url
        return notice_email.Letter(
            address=target.notice.address,
            subject=details.subject,
            language=details.language,
            zone=target.notice.zone,
            sent_at=report.times.sent_at,
            happenings=news.happenings,
            links=[(desk.fields.open_label(row.link_id, row.label), row) for row in report.links],
            control_url=f"{url}/s/{target.control}"
            if target.control and desk.settings.mail_links
            else None,
            list_url=f"{url}/sent" if target.notice.has_list else None,
            consent_url=f"{url}/n/{token}",
            message_id=place.message_id,
        )

    async def deliver(
        self, target: Target | None, notification: Notification, through: Transports
    ) -> None:
        await mail_out(notification, through)


async def mail_out(notification: Notification, through: Transports) -> None:
    """Mail a letter; what is no letter could not be composed: its root key is missing."""
    letter = notification.content
    if not isinstance(letter, (notice_email.Letter, ask_email.Ask, digest_email.Letter)):
        raise failed(FailureReason.ROOT_KEY_MISSING)
    write = partial(letter.write, event_id=notification.event_id, at=notification.at)
    try:
        await through.mail.send(letter.address, write)
    except Refused as refused:
        # A dead letter, until something else happens or the operator sends it again.
        raise failed(refused.word, final=True) from None
