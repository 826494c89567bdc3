"""Texts for a link that has ended: what happened, what it means, what the visitor can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from restante.messages import State
from webapp.http.i18n import gettext, html
from webapp.texts.formatting import moment

if TYPE_CHECKING:
    from restante.errors import Gone
    from restante.reports import Preview


class Ending(NamedTuple):
    """The text for a link that has ended; *reason* is the sender's reason for a recall."""

    state: State
    heading: str
    text: str
    sender_name: str | None = None
    reason: str | None = None


def of(error: Gone, seen: Preview | None = None) -> Ending:
    """Return the text for this state; *seen* is the link's preview for this visitor, if known."""
    state, ended_at = State(error.state), error.ended_at
    match state:
        case State.RECALLED:
            return Ending(
                state,
                gettext("The sender took this message back."),
                _text(
                    _at(gettext("That was on %(time)s."), ended_at),
                    gettext(
                        "The link does not open any more. If you need the message, ask the sender."
                    ),
                ),
                seen.details.sender_name if seen else None,
                error.reason,
            )
        case State.EXPIRED:
            return Ending(
                state,
                gettext("This message has expired."),
                _text(
                    _at(gettext("It ended on %(time)s."), ended_at),
                    gettext("The link does not open any more. Ask the sender to send it again."),
                ),
            )
        case State.LOCKED:
            last = gettext("Too many wrong tries were made; the last on %(time)s.")
            return Ending(
                state,
                gettext("This message is locked for good."),
                _text(
                    _at(last, ended_at) or gettext("Too many wrong tries were made."),
                    gettext("Nobody can open it any more. Ask the sender to send it again."),
                ),
            )
    if seen and seen.held:
        return Ending(
            state,
            gettext("You opened this message."),
            _text(
                html(
                    gettext("That was on %(time)s, in this browser."),
                    time=moment(seen.last_revealed_at or seen.at),
                )
                if seen.held == seen.reveals
                else gettext("That was in this browser."),
                gettext(
                    "It can no longer be shown again here. The link opens nothing any more. "
                    "If you need what it said, ask the sender."
                ),
            ),
        )
    return Ending(
        state,
        gettext("This message has been opened."),
        gettext("It was shown to someone who had this link, and does not open a second time."),
    )


def _at(text: str, at: int | None) -> str:
    return html(text, time=moment(at)) if at else ""


def _text(*sentences: str) -> str:
    """Return our own sentences as HTML, without the empty ones."""
    return html(" ").join(html(one) for one in sentences if one)
