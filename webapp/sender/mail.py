"""What a sender pastes into a mail or opens as a draft: text, HTML card, `mailto:` and `.eml`.

The card is of tables and inline styles only: Outlook shows mail with Word, which knows little else.
The bare address is always there, for programs that show no button.
"""

from __future__ import annotations

from datetime import UTC
from email import policy
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from functools import cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from markupsafe import Markup

from restante.email_address import mailbox
from restante.safe_text import one_line
from webapp.branding import colours
from webapp.http.i18n import current, gettext
from webapp.texts.formatting import utc

if TYPE_CHECKING:
    from datetime import tzinfo

    from restante.reports import Status

WAX, ON_WAX, PAPER, INK, SOFT, LINE = (
    *("#a8281f", "#fff8ef", "#fffdf8"),
    *("#221c18", "#5e544a", "#ddd2c2"),
)
"""The light colours of webapp/static/app.css: mail programs darken them by themselves."""
FONT = "font-family:Arial,Helvetica,sans-serif"
BARE = 'cellpadding="0" cellspacing="0" border="0" role="presentation"'
CARD = (
    f'<table {BARE} width="100%" dir="{{direction}}" lang="{{language}}" style="max-width:480px">'
    f'<tr><td bgcolor="{PAPER}" style="padding:24px;border:1px solid {LINE};'
    f'background-color:{PAPER};color:{INK};{FONT};font-size:16px;line-height:24px">'
    '<p style="margin:0 0 16px 0;font-size:18px;font-weight:bold">{subject}</p>'
    f'<table {BARE}><tr><td bgcolor="{{wax}}" style="padding:12px 24px;background-color:{{wax}}">'
    f'<a href="{{address}}" style="color:{{on_wax}};{FONT};font-size:16px;font-weight:bold;'
    'text-decoration:none">{button}</a></td></tr></table>'
    '<p style="margin:16px 0 0 0">{facts}</p>'
    f'<p style="margin:16px 0 0 0;color:{SOFT};font-size:14px;line-height:20px">{{otherwise}}<br>'
    f'<a href="{{address}}" style="color:{INK};word-break:break-all">{{address}}</a></p>'
    "</td></tr></table>"
)
PAGE = '<!doctype html><html><head><meta charset="utf-8"></head><body>{}</body></html>'
EML = policy.compat32.clone(linesep="\r\n")


class Mail(NamedTuple):
    """The mail that brings a link of one message; the same for each but the address."""

    subject: str
    facts: str
    accent: str | None

    def text(self, address: str) -> str:
        """Return the mail as text."""
        whole = gettext("If it does not open, copy the whole address into your browser.")
        return f"{self.subject}\n\n{address}\n\n{self.facts}\n{whole}\n"

    def card(self, address: str) -> Markup:
        """Return the mail as HTML."""
        wax, on_wax = _accent(self.accent) if self.accent else (WAX, ON_WAX)
        return Markup(CARD).format(  # noqa: S704 (our own HTML)
            direction=current().direction,
            language=current().tag,
            wax=wax,
            on_wax=on_wax,
            subject=self.subject,
            address=address,
            button=gettext("Open message"),
            facts=self.facts,
            otherwise=gettext("If the button does not work, copy this address into your browser:"),
        )


def write(status: Status, accent: str | None, zone: tzinfo = UTC) -> Mail:
    """Return the mail for the links of a message, in the language of the page.

    *accent* is the operator's, for the button; times are in the sender's *zone*.
    """
    subject = one_line(status.details.subject or "") or gettext("A message for you")
    return Mail(subject, " ".join(_facts(status, zone)), accent)


def mailto(recipient: str | None, mail: Mail, address: str) -> str:
    """Return the URL (RFC 6068) that opens a mail program with this mail as text."""
    its = mailbox(recipient) if recipient else None
    to = quote(its.address if its else "", safe="@")
    body = quote(mail.text(address).replace("\n", "\r\n"), safe="")
    return f"mailto:{to}?subject={quote(mail.subject, safe='')}&body={body}"


def eml(recipient: str | None, mail: Mail, address: str) -> bytes:
    """Return an `.eml` file that mail programs open as a mail to be sent (`X-Unsent`).

    All words in its headers are encoded: nothing in them can be read as a header, or as encoded.
    """
    made = MIMEMultipart("alternative", policy=EML)
    made["X-Unsent"] = "1"
    made["Subject"] = _encoded("Subject", mail.subject)
    if recipient and (its := mailbox(recipient)):
        name = one_line(its.name)
        made["To"] = f"{_encoded('To', name)}\n <{its.address}>" if name else its.address
    made.attach(MIMEText(mail.text(address), "plain", "utf-8", policy=EML))
    made.attach(MIMEText(PAGE.format(mail.card(address)), "html", "utf-8", policy=EML))
    return made.as_bytes()


@cache
def _accent(colour: str) -> tuple[str, str]:
    made = colours.accent(colour, colours.LIGHT)
    return made.plain, made.on


def _encoded(name: str, words: str) -> str:
    return Header(words, "utf-8", header_name=name).encode()


def _facts(status: Status, zone: tzinfo) -> list[str]:
    facts = []
    # A pause has no end that is known, and a mail outlives it.
    if status.opens_at > status.at and not status.paused_at:
        opens_at = current().moment(utc(status.opens_at).astimezone(zone))
        facts.append(gettext("You can open it from %(time)s.", time=opens_at))
    until = current().moment(utc(status.expires_at).astimezone(zone))
    facts.append(gettext("You can open it until %(time)s.", time=until))
    if status.views == 1:
        facts.append(gettext("It opens only once."))
    if status.needs_passphrase:
        facts.append(gettext("It has a passphrase, which is not in this mail."))
    return facts
