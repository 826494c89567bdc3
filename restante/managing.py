"""What a sender does with a sent message: status, recall, extend, pause, rules, notices, forget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restante import events, validation
from restante.channels import CHANNELS, push
from restante.crypto.sealed_fields import SealedFields
from restante.crypto.tokens import ID_SIZE
from restante.errors import Fault, Invalid
from restante.messages import OLDEST, SECOND, Draft, Page
from restante.reports import Verdict
from restante.rules import change_faults
from restante.store.replies import GoneBoxed
from restante.subscriptions import subscription_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from restante.crypto.keyring import Keyring
    from restante.crypto.tokens import ControlToken
    from restante.messages import Evidence
    from restante.notices import Notice
    from restante.reports import Status
    from restante.rules import Rules
    from restante.settings import Settings
    from restante.store.messages import Messages
    from restante.subscriptions import Subscription

MARK_MOST = 100
"""Characters of a mark that are compared; ours are shorter."""


class Managing:
    """The sender's verbs on one message.  Each needs the control token."""

    def __init__(self, messages: Messages, keyring: Keyring, settings: Settings) -> None:
        self._messages = messages
        self._settings = settings
        self._facts = SealedFields(keyring)

    def recall(
        self,
        control: ControlToken,
        link_ids: Sequence[bytes] = (),
        *,
        reason: str | None = None,
        evidence: Evidence | None = None,
        found: Iterable[Fault] = (),
    ) -> list[Verdict]:
        """Destroy the wrapped keys of these links, or of all, and return a verdict on each.

        Idempotent: a second recall returns the verdicts of the first.

        Raises:
            NotFound: No such message.
            Invalid: A link of another message, an invalid reason, or what was *found* before;
                nothing was done.
        """
        faults = [*found, *validation.reason_faults(reason)]
        if any(len(link_id) != ID_SIZE for link_id in link_ids):
            faults.append(Fault("links", "not a link of this message"))
        if faults:
            raise Invalid(faults)
        reason, message_id = validation.normal(reason), control.message_id
        judged = self._messages.recall(
            control,
            link_ids,
            self._facts.close_reason(message_id, reason),
            self._facts.close_evidence(message_id, evidence, reason=reason),
        )
        return [
            Verdict(
                one.link_id,
                self._facts.open_label(one.link_id, one.label),
                one.outcome,
                one.reveals,
                one.first_revealed_at,
                one.acknowledged_at,
                one.recalled_at,
                one.by_rule,
            )
            for one in judged
        ]

    def extend(
        self, control: ControlToken, expires_in_seconds: int, *, evidence: Evidence | None = None
    ) -> int:
        """Move the expiry of the links that have not ended to *expires_in_seconds* from now.

        Returns the new expiry in ms.

        Raises:
            NotFound: No such message.
            Gone: Every link ended.
            Invalid: Out of bounds, or the message would expire before it opens.
        """
        if faults := list(validation.expiry_faults(expires_in_seconds, self._settings)):
            raise Invalid(faults)
        boxed = self._boxed(control, evidence)
        try:
            return self._messages.extend(control, expires_in_seconds * SECOND, boxed)
        except GoneBoxed as gone:
            raise self._facts.gone(gone.end) from None

    def pause(self, control: ControlToken, *, evidence: Evidence | None = None) -> None:
        """Let no new reader open the message until it is resumed.

        Open leases continue, and the expiry stays where it is.  Idempotent.

        Raises:
            NotFound: No such message.
            Gone: Every link ended.
            Invalid: It was paused a thousand times already.
        """
        try:
            self._messages.pause(control, self._boxed(control, evidence))
        except GoneBoxed as gone:
            raise self._facts.gone(gone.end) from None

    def resume(self, control: ControlToken, *, evidence: Evidence | None = None) -> None:
        """End a pause.  What is left of the hold still has to pass.  Idempotent.

        Raises:
            NotFound: No such message.
            Gone: Every link ended.
        """
        try:
            self._messages.resume(control, self._boxed(control, evidence))
        except GoneBoxed as gone:
            raise self._facts.gone(gone.end) from None

    def set_rules(
        self, control: ControlToken, rules: Rules, *, evidence: Evidence | None = None
    ) -> None:
        """Set, change or remove rules; seconds count from now.

        A rule whose time is over has been carried out and cannot be changed.

        Raises:
            NotFound: No such message.
            Gone: Every link ended.
            Invalid: Out of bounds, a rule that could not come true, or changed too often.
        """
        if faults := list(change_faults(rules, self._settings)):
            raise Invalid(faults)
        tell, recall = (None if after is None else after * SECOND for _, after in rules.named())
        try:
            self._messages.set_rules(control, tell, recall, self._boxed(control, evidence))
        except GoneBoxed as gone:
            raise self._facts.gone(gone.end) from None

    def subscribe(self, control: ControlToken, browser: Subscription) -> None:
        """Tell a browser what happens from now on.

        Raises:
            NotFound: No such message.
            Invalid: Not a subscription, or as many browsers are told as there are places.
            Unavailable: The store is full or does not answer.
        """
        if faults := list(push.subscription_faults(browser, self._settings)):
            raise Invalid(faults)
        message_id = control.message_id
        report = self._messages.report(control.shard, message_id)
        subject = self._facts.open_message(message_id, report.box).subject
        self._messages.subscribe(control, push.kept(browser, message_id, subject, self._facts))

    def unsubscribe(self, control: ControlToken, endpoint: str | None = None) -> None:
        """Tell the browser with this endpoint nothing more, or no browser.

        Raises:
            NotFound: No such message.
        """
        receiver = subscription_id(control.message_id, endpoint) if endpoint else b""
        self._messages.unsubscribe(control, receiver)

    def forget(self, control: ControlToken) -> int | None:
        """End every link, and delete the message with everything that was recorded of it.

        Idempotent: if there is no such message, nothing happens.  Returns when it was sent, by
        which `SentList.drop` finds its line.
        """
        return self._messages.forget(control)

    def set_notice(
        self,
        control: ControlToken,
        notice: Notice | None,
        *,
        evidence: Evidence | None = None,
        afford: Callable[[], None] | None = None,
    ) -> None:
        """Mail what happens to the message from now on, or with None nothing more.  Idempotent.

        If the notice is valid, *afford* counts it; it enforces the quota by raising.

        Raises:
            NotFound: No such message.
            Gone: Every link ended.
            Invalid: The notice is, or it was changed a thousand times already.
        """
        channel, draft = CHANNELS["email"], Draft("", notice=notice)
        if faults := list(channel.faults(draft, self._settings)):
            raise Invalid(faults)
        if afford:
            afford()
        kept = channel.keep(draft, control, self._facts)
        try:
            self._messages.set_channel(control, channel.name, kept, self._boxed(control, evidence))
        except GoneBoxed as gone:
            raise self._facts.gone(gone.end) from None

    def _boxed(self, control: ControlToken, evidence: Evidence | None) -> bytes:
        return self._facts.close_evidence(control.message_id, evidence)

    def status(
        self, control: ControlToken, page: Page = OLDEST, *, cookie: str | None = None
    ) -> Status:
        """Return the message's status: its links, one page of its timeline, and the looks.

        Raises:
            NotFound: No such message.
        """
        report = self._messages.status(control, page)
        assert report
        return events.status(control, report, self._facts, cookie)

    def changes(
        self, control: ControlToken, known: str, page: Page = OLDEST, *, cookie: str | None = None
    ) -> Status | None:
        """Return the message's status, or None if nothing changed since the *known* mark.

        Raises:
            NotFound: No such message.
        """
        report = self._messages.status(control, page, known[:MARK_MOST])
        return report and events.status(control, report, self._facts, cookie)
