"""The HTML of mails to senders: one card of tables and inline styles, light and dark.

Outlook shows mail with Word, which knows little else.  Other programs read the style sheet.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from restante.i18n import Language

FONT = "font-family:Arial,Helvetica,sans-serif"
BARE = 'cellpadding="0" cellspacing="0" border="0" role="presentation"'
PAGE, PAPER, INK, SOFT, LINE = "#f4efe6", "#fffdf8", "#221c18", "#5e544a", "#ddd2c2"
WAX, ON_WAX = "#a8281f", "#fff8ef"
DARK = (
    "@media (prefers-color-scheme:dark){"
    ".page{background-color:#16120f!important}"
    ".paper{background-color:#221c18!important;border-color:#453b33!important}"
    ".ink{color:#f3ebdf!important}.soft{color:#b9ac9d!important}"
    ".line{border-color:#453b33!important}"
    ".wax{background-color:#d8574a!important}.on-wax{color:#1d0b08!important}}"
)


class Row(NamedTuple):
    """A line of a list: what, of whom or what, and when."""

    what: str
    whose: str = ""
    when: str = ""


class Button(NamedTuple):
    """A link as a button, and what to know about it."""

    label: str
    url: str
    hint: str = ""


class Section(NamedTuple):
    """A list under a heading, and perhaps a link below it."""

    heading: str
    rows: Sequence[Row]
    link: Button | None = None


class Card(NamedTuple):
    """What a mail says: the same in HTML and in text."""

    heading: str
    lead: str = ""
    sections: Sequence[Section] = ()
    button: Button | None = None
    paragraphs: Sequence[str] = ()
    small: Sequence[Button | str] = ()

    def text(self) -> str:
        """Return the card as text."""
        parts = [self.heading, self.lead]
        for section in self.sections:
            lines = [
                " · ".join(filter(None, (row.when, row.whose, row.what))) for row in section.rows
            ]
            if section.link:
                lines.append(f"{section.link.label}: {section.link.url}")
            parts.append("\n".join([f"{section.heading}:", *(f"- {line}" for line in lines)]))
        if self.button:
            parts.append(f"{self.button.label}:\n{self.button.url}")
            parts.append(self.button.hint)
        parts += self.paragraphs
        parts += [one if isinstance(one, str) else f"{one.label}:\n{one.url}" for one in self.small]
        return "\n\n".join(filter(None, parts)) + "\n"

    def html(self, say: Language) -> str:
        """Return the card as a page of HTML; everything in it is escaped."""
        return (
            f'<!doctype html><html lang="{say.tag}" dir="{say.direction}"><head>'
            '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            '<meta name="color-scheme" content="light dark">'
            '<meta name="supported-color-schemes" content="light dark">'
            f"<title>{escape(self.heading)}</title><style>{DARK}</style></head>"
            f'<body class="page" style="margin:0;padding:0;background-color:{PAGE}">'
            f'<table {BARE} width="100%" class="page" bgcolor="{PAGE}"><tr>'
            f'<td align="center" style="padding:16px 8px">'
            f'<table {BARE} width="100%" style="max-width:560px"><tr>'
            f'<td class="paper ink" bgcolor="{PAPER}" style="padding:24px;text-align:start;'
            f"background-color:{PAPER};border:1px solid {LINE};color:{INK};{FONT};"
            f'font-size:16px;line-height:24px;word-break:break-word">{"".join(self._inner())}'
            "</td></tr></table></td></tr></table></body></html>"
        )

    def _inner(self) -> Iterable[str]:
        yield (
            '<h1 style="margin:0 0 12px 0;font-size:20px;line-height:28px;font-weight:bold">'
            f"{_own(self.heading)}</h1>"
        )
        if self.lead:
            yield f'<p style="margin:0 0 16px 0">{_own(self.lead)}</p>'
        for section in self.sections:
            yield from _section(section)
        if self.button:
            yield _button(self.button)
        for paragraph in self.paragraphs:
            yield f'<p style="margin:16px 0 0 0">{_own(paragraph)}</p>'
        for one in self.small:
            yield (
                f'<p class="soft" style="margin:16px 0 0 0;color:{SOFT};font-size:14px;'
                f'line-height:20px">{_own(one) if isinstance(one, str) else _link(one)}</p>'
            )


def _section(section: Section) -> Iterable[str]:
    yield (
        f'<h2 class="soft" style="margin:16px 0 4px 0;font-size:14px;line-height:20px;'
        f'font-weight:bold;color:{SOFT}">{_own(section.heading)}</h2>'
        f'<table {BARE} width="100%">'
    )
    for row in section.rows:
        who = f"<strong>{_own(row.whose)}</strong><br>" if row.whose else ""
        when = (
            f'<br><span class="soft" style="color:{SOFT};font-size:14px">{_own(row.when)}</span>'
            if row.when
            else ""
        )
        yield (
            f'<tr><td class="line" style="padding:8px 0;border-top:1px solid {LINE}">'
            f"{who}{_own(row.what)}{when}</td></tr>"
        )
    yield "</table>"
    if section.link:
        yield (
            '<p style="margin:4px 0 8px 0;font-size:14px;line-height:20px">'
            f"{_link(section.link)}</p>"
        )


def _button(button: Button) -> str:
    hint = (
        f'<p class="soft" style="margin:8px 0 0 0;color:{SOFT};font-size:14px;line-height:20px">'
        f"{_own(button.hint)}</p>"
        if button.hint
        else ""
    )
    return (
        f'<table {BARE} style="margin-top:16px"><tr><td class="wax" bgcolor="{WAX}" '
        f'style="padding:12px 24px;background-color:{WAX}"><a class="on-wax" '
        f'href="{escape(button.url)}" style="color:{ON_WAX};{FONT};font-size:16px;'
        f'font-weight:bold;text-decoration:none">{_own(button.label)}</a></td></tr></table>{hint}'
    )


def _link(one: Button) -> str:
    return f'<a class="soft" href="{escape(one.url)}" style="color:{SOFT}">{_own(one.label)}</a>'


def _own(words: str) -> str:
    return f"<bdi>{escape(words)}</bdi>"
