"""Push: tells the sender's browsers what happened, also while no page is open (docs/specs/push.md).

A message has up to three, each with its own place in the timeline: a browser whose push service
does not answer delays no other.  A push names the message by the sender's own subject; it has no
content, no token and no address.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple
from urllib.parse import urlsplit

from restante import events, i18n
from restante.channels import notice_words
from restante.channels.channel import Channel, Concurrency
from restante.channels.failures import DeliveryFailed, Ended, FailureReason, failed
from restante.channels.retries import Retries
from restante.channels.webhook_formats import clipped
from restante.crypto.tokens import ID_SIZE
from restante.crypto.web_push import Browser
from restante.errors import Fault
from restante.notices import TEST, URGENT, WAKING
from restante.ssrf import webhook_fault
from restante.subscriptions import Subscription

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from restante.channels.channel import Notification
    from restante.channels.transports import Transports
    from restante.crypto.sealed_fields import SealedFields
    from restante.crypto.tokens import ControlToken
    from restante.messages import Draft
    from restante.settings import Settings
    from restante.store.outbox import Outbox, Waiting

PURPOSE = "push"
LASTS_SECONDS = 259_200
"""How long a push service keeps what it cannot bring yet: three days."""
NO_MORE = {"404", "410"}
OF_THE_RECEIVER = {"408", "429"}
TEXT_KEYS = {"title", "body", "at", "language", "message", "event"}
"""What a push says, and no more."""


class Target(NamedTuple):
    """What is kept with a message for one browser.  None of it is ever logged."""

    id: bytes
    subscription: Subscription
    subject: str | None
    message_id: bytes


class Happening(NamedTuple):
    """One event, as a push tells it; *label* is the recipient's."""

    type: str
    at: int
    facts: Mapping[str, Any]
    label: str | None


class Push(Channel[Target, Happening]):
    """Tells the first browser the events that the sender chose."""

    name = "push"
    place: ClassVar[int] = 0
    wakes = WAKING | {TEST}
    subscribes = True
    retries = Retries((5, 60, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000), jitter=0.2)
    concurrency = Concurrency(slots=128, failing=32, receiver=8)

    @property
    def purpose(self) -> str:
        return PURPOSE

    @property
    def outbox(self) -> str:
        return "outbox-push"

    def faults(self, draft: Draft, settings: Settings) -> Iterator[Fault]:
        if draft.push is not None and not self.place:
            yield from subscription_faults(draft.push, settings)

    def keep(self, draft: Draft, control: ControlToken, fields: SealedFields) -> bytes:
        if draft.push is None or self.place:
            return b""
        return kept(draft.push, control.message_id, draft.details.subject, fields)

    def target(self, message_id: bytes, kept: bytes, fields: SealedFields) -> Target | None:
        found = fields.open_target(PURPOSE, message_id, kept[ID_SIZE:])
        if not found:
            return None
        its = Subscription.from_facts(found)
        return Target(kept[:ID_SIZE], its, found.get("subject"), message_id)

    def receiver(self, target: Target) -> str | None:
        return urlsplit(target.subscription.endpoint).hostname

    def shown(self, target: Target) -> str:
        """Return the push service alone."""
        parts = urlsplit(target.subscription.endpoint)
        return f"{parts.scheme}://{parts.netloc}"

    def render(
        self, message_id: bytes, number: int, waiting: Waiting, fields: SealedFields
    ) -> Happening | None:
        if waiting.entry.type not in self.wakes:
            return None
        event = events.event(number, waiting.entry, message_id, fields)
        label = fields.open_label(event.link_id, waiting.label) if event.link_id else None
        return Happening(event.type, event.at, event.facts, label)

    def wants(self, target: Target, content: Happening) -> bool:
        return target.subscription.wants(content.type, content.facts)

    def ended(self, target: Target, shard: int, outbox: Outbox) -> None:
        outbox.unsubscribe(shard, target.message_id, target.id)

    async def deliver(
        self, target: Target | None, notification: Notification, through: Transports
    ) -> None:
        if target is None:
            raise failed(FailureReason.ROOT_KEY_MISSING)
        its, happening = target.subscription, notification.content
        headers = {
            "TTL": str(LASTS_SECONDS),
            "Urgency": "high" if happening.type in URGENT else "normal",
        }
        try:
            await through.push.send(its, headers, text(target, notification), notification)
        except DeliveryFailed as error:
            word = error.failure.word
            if word in NO_MORE:
                raise Ended(word) from None
            if word.startswith("4") and word not in OF_THE_RECEIVER:
                # A push service that refuses one browser works for all others.
                raise failed(word, alone=True) from None
            raise


class SecondPush(Push):
    """Tells the second browser."""

    name = "push-2"
    place = 1


class ThirdPush(Push):
    """Tells the third browser."""

    name = "push-3"
    place = 2


def subscription_faults(its: Subscription, settings: Settings) -> Iterator[Fault]:
    """Yield what is wrong with a subscription."""
    if not settings.push:
        yield Fault("push", "this service tells no browsers")
    elif fault := webhook_fault(its.endpoint, settings.webhook_networks):
        yield Fault("push", fault)
    else:
        try:
            Browser.parse(its.p256dh, its.auth)
        except ValueError:
            yield Fault("push", "not the keys of a browser")


def kept(its: Subscription, message_id: bytes, subject: str | None, fields: SealedFields) -> bytes:
    """Return what is stored with a message for a browser: its id, and the rest in a box."""
    box = fields.close_target(PURPOSE, message_id, its.as_facts(subject))
    return its.id_for(message_id) + box


def text(target: Target, notification: Notification) -> bytes:
    """Return what the browser shows, as the service worker reads it.

    The message's id lets the browser find the page that it opens: its address is on the device,
    and neither here nor in the store.
    """
    happening: Happening = notification.content
    say = i18n.spoken(target.subscription.language)
    what = notice_words.happening(happening.type, happening.facts, say)
    shown = {
        "title": clipped(target.subject) or say.gettext("Your message"),
        "body": "\n".join(filter(None, (what, clipped(happening.label)))),
        "at": happening.at,
        "language": say.tag,
        "message": target.message_id.hex(),
        "event": notification.event_id,
    }
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode()
