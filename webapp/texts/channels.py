"""Texts for the ways in which a sender is told: how each stands, and what came of a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from restante.channel_states import ChannelState, Outcome
from webapp.http.i18n import gettext, html
from webapp.texts.formatting import moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from restante.channel_states import Standing


class Line(NamedTuple):
    """One channel: its name, how it stands, what came of the last test."""

    name: str
    state: str
    test: str


def lines(channels: Iterable[Standing]) -> Iterator[Line]:
    """Yield a line for each channel."""
    for its in channels:
        yield Line(name(its.channel), state(its), test(its))


def tested(channels: Iterable[Standing]) -> str:
    """Return what came of a test, in one line."""
    known = [its for its in channels if its.tested]
    return " ".join(f"{name(its.channel)}: {test(its)}" for its in known)


def name(channel: str) -> str:
    """Return the name of a channel."""
    if channel.startswith("push"):
        return gettext("Browser")
    return {"email": gettext("E-mail"), "webhook": gettext("System or chat")}.get(channel, channel)


def state(of: Standing) -> str:
    """Return how a channel stands."""
    match of.state:
        case ChannelState.ASKED:
            return gettext("Waits until the owner of the address agrees: an e-mail asks there.")
        case ChannelState.REFUSED:
            return gettext("The owner of the address wants no such e-mails.")
        case ChannelState.TOLD:
            return html(gettext("Last told on %(time)s."), time=moment(of.told_at or 0))
        case ChannelState.FAILING:
            return gettext("%(why)s It is tried again.", why=failure(of.failure or ""))
        case ChannelState.GIVEN_UP:
            return gettext(
                "%(why)s Given up, until something new happens.", why=failure(of.failure or "")
            )
    return gettext("On. Nothing was told yet.")


def test(of: Standing) -> str:
    """Return what came of the last test; empty without one."""
    match of.tested:
        case Outcome.DELIVERED:
            return gettext("Test: delivered.")
        case Outcome.FAILED:
            return gettext("Test: not delivered.")
        case Outcome.WAITING:
            return gettext("Test: on its way.")
    return ""


def failure(word: str) -> str:
    """Return why the last try failed."""
    if word.isdigit():
        return gettext("The last try was answered with %(status)s.", status=word)
    return {
        "unreachable": gettext("It could not be reached at this address."),
        "tls": gettext("Its certificate is not valid."),
        "dropped": gettext("The connection broke."),
        "timeout": gettext("It did not answer in time."),
        "too-many": gettext("It had too many today."),
    }.get(word, gettext("The last try failed here."))
