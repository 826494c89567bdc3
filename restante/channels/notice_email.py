"""Composes the mail that tells a sender what happened to a message, and how its links stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from restante import i18n, zones
from restante.channels import letters, notice_words
from restante.channels.mail_card import Button, Card, Row, Section
from restante.safe_text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from restante.channels.email import Happening
    from restante.email_address import Mailbox
    from restante.i18n import Language
    from restante.store.replies import LinkRow

LINKS_MOST, HAPPENINGS_MOST = 25, 25


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail on its way.  None of its fields is ever logged.

    Attributes:
        subject: The sender's own, of the message.
        links: Each link with its label.
        control_url: A capability; None unless the sender wants it in mails.
        list_url: Of the sent list, which opens in the sender's browser alone; or None.
        consent_url: With the mail token, a capability, too.
    """

    address: str
    subject: str | None
    language: str | None
    zone: str | None
    sent_at: int
    happenings: Sequence[Happening]
    links: Sequence[tuple[str | None, LinkRow]]
    control_url: str | None
    list_url: str | None
    consent_url: str
    message_id: bytes

    def write(self, sender: Mailbox, *, event_id: str, at: int) -> bytes:
        """Return the mail as bytes, dated *at* (ms); its Message-ID is made of the event id."""
        say = i18n.spoken(self.language)
        heading = self._heading(say)
        head = letters.Head(
            self.address,
            heading,
            event_id,
            f"{self.consent_url}/unsubscribe",
            self.message_id.hex(),
        )
        card = self._card(say, heading)
        return letters.compose(head, card, say, sender, at)

    def _heading(self, say: Language) -> str:
        """Return the subject; it never changes, so that programs show one conversation."""
        if subject := one_line(self.subject or ""):
            return say.gettext("News of “%(subject)s”", subject=subject)
        return say.gettext("News of your message of %(time)s", time=self._time(self.sent_at, say))

    def _card(self, say: Language, heading: str) -> Card:
        sections = [
            Section(say.gettext("What happened"), list(self._what_happened(say))),
            Section(say.gettext("How it stands now"), list(self._how_it_stands(say))),
        ]
        button = self._button(say)
        return Card(
            heading,
            sections=sections,
            button=button,
            paragraphs=[] if button else [otherwise(say)],
            small=footer(self.consent_url, say),
        )

    def _button(self, say: Language) -> Button | None:
        if self.control_url:
            return Button(
                say.gettext("Open the page of this message"),
                self.control_url,
                keep_to_yourself(say),
            )
        return list_button(self.list_url, say) if self.list_url else None

    def _what_happened(self, say: Language) -> Iterator[Row]:
        time = lambda at: self._time(at, say)  # noqa: E731
        return happened(self.happenings, HAPPENINGS_MOST, say, time, is_many=len(self.links) > 1)

    def _how_it_stands(self, say: Language) -> Iterator[Row]:
        is_many = len(self.links) > 1
        for label, link in self.links[:LINKS_MOST]:
            said = notice_words.state(link, lambda at: self._time(at, say), say)
            yield Row(said, whose(label, say) if is_many or label else "")
        if (more := len(self.links) - LINKS_MOST) > 0:
            yield Row(say.ngettext("and one more link", "and %(num)s more links", more))

    def _time(self, at: int, say: Language) -> str:
        return moment(at, self.zone, say)


def happened(
    happenings: Sequence[Happening],
    most: int,
    say: Language,
    time: Callable[[int], str],
    *,
    is_many: bool,
) -> Iterator[Row]:
    """Yield a row for each of at most so many happenings; *is_many*: say of which recipient."""
    for one in happenings[:most]:
        yield Row(
            notice_words.happening(one.type, one.facts, say),
            whose(one.label, say) if is_many else "",
            time(one.at),
        )
    if (more := len(happenings) - most) > 0:
        yield Row(say.ngettext("and one more event", "and %(num)s more events", more))


def whose(label: str | None, say: Language) -> str:
    """Return the label of a link, as a mail shows it."""
    return one_line(label or "") or say.gettext("Anyone with the link")


def moment(at: int, zone: str | None, say: Language) -> str:
    """Return *at* (ms) in words, in this time zone."""
    return say.moment(datetime.fromtimestamp(at / 1_000, UTC).astimezone(zones.zone(zone)))


def list_button(url: str, say: Language) -> Button:
    """Return the button to the sent list."""
    return Button(
        say.gettext("Open your sent messages"),
        url,
        say.gettext("This works in the browser that you sent it with."),
    )


def footer(consent_url: str, say: Language) -> Sequence[Button | str]:
    """Return what stands below each mail: why it came, and how to stop it."""
    return [
        say.gettext(
            "You get this because you agreed to it at %(host)s.",
            host=urlsplit(consent_url).netloc,
        ),
        Button(say.gettext("Stop these e-mails"), consent_url),
        say.gettext("This is an automatic mail. Nobody reads replies to it."),
    ]


def keep_to_yourself(say: Language) -> str:
    """Return what to know about a mail with the address of a control page."""
    return say.gettext(
        "Keep this mail to yourself: anyone who has this address can read the message, "
        "take it back and replace it."
    )


def otherwise(say: Language) -> str:
    """Return where to see more, if the mail has no button."""
    return say.gettext(
        "To see more, or to take it back, open the page that you got when you sent it."
    )
