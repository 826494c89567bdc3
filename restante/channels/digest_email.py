"""Composes the mail that tells a sender what happened to several messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from restante import i18n
from restante.channels import letters, notice_email
from restante.channels.mail_card import Button, Card, Row, Section
from restante.safe_text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from restante.channels.email import Happening
    from restante.email_address import Mailbox
    from restante.i18n import Language
    from restante.store.replies import LinkRow

MESSAGES_MOST, HAPPENINGS_MOST = 25, 5


@dataclass(frozen=True, slots=True)
class Part:
    """What there is to tell of one message.

    Attributes:
        subject: The sender's own.
        control_url: A capability; None unless the sender wants it in mails.
    """

    subject: str | None
    sent_at: int
    happenings: Sequence[Happening]
    links: Sequence[LinkRow]
    control_url: str | None


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail on its way.  None of its fields is ever logged.

    Attributes:
        more: How many other messages have news that are not among the parts.
        list_url: Of the sent list, which opens in the sender's browser alone; or None.
        consent_url: With the mail token, a capability.
    """

    address: str
    language: str | None
    zone: str | None
    parts: Sequence[Part]
    more: int
    list_url: str | None
    consent_url: str
    digest_id: bytes

    def write(self, sender: Mailbox, *, event_id: str, at: int) -> bytes:
        """Return the mail as bytes, dated *at* (ms); its Message-ID is made of the event id."""
        say = i18n.spoken(self.language)
        heading = say.gettext("News of your messages")
        unsubscribe = f"{self.consent_url}/unsubscribe"
        head = letters.Head(self.address, heading, event_id, unsubscribe, self.digest_id.hex())
        return letters.compose(head, self._card(heading, say), say, sender, at)

    def _card(self, heading: str, say: Language) -> Card:
        more = []
        if self.more:
            more.append(
                say.ngettext(
                    "One more message has news.", "%(num)s more messages have news.", self.more
                )
            )
        if any(part.control_url for part in self.parts):
            more.append(notice_email.keep_to_yourself(say))
        elif not self.list_url:
            more.append(notice_email.otherwise(say))
        return Card(
            heading,
            lead=say.gettext("There is much news, so you get at most one mail in ten minutes."),
            sections=[self._section(part, say) for part in self.parts],
            button=notice_email.list_button(self.list_url, say) if self.list_url else None,
            paragraphs=more,
            small=notice_email.footer(self.consent_url, say),
        )

    def _section(self, part: Part, say: Language) -> Section:
        heading = one_line(part.subject or "") or say.gettext(
            "Your message of %(time)s", time=self._time(part.sent_at, say)
        )
        label = say.gettext("Open the page of this message")
        link = Button(label, part.control_url) if part.control_url else None
        return Section(heading, list(self._rows(part, say)), link)

    def _rows(self, part: Part, say: Language) -> Iterator[Row]:
        time = lambda at: self._time(at, say)  # noqa: E731
        is_many = len(part.links) > 1
        yield from notice_email.happened(
            part.happenings, HAPPENINGS_MOST, say, time, is_many=is_many
        )
        if is_many:
            # Of one link the line above says it all.
            opened = sum(link.reveals > 0 for link in part.links)
            yield Row(
                say.gettext(
                    "Links opened: %(opened)s of %(all)s", opened=opened, all=len(part.links)
                )
            )

    def _time(self, at: int, say: Language) -> str:
        return notice_email.moment(at, self.zone, say)
