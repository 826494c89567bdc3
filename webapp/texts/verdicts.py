"""What a recall prevented and what not, in plain words: for a page, and for files.

They never say more than is known: a read is "shown to someone who had this link".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from restante.messages import Outcome, State
from webapp.http import zone
from webapp.http.i18n import current, gettext, html, ngettext
from webapp.texts import files, states
from webapp.texts.formatting import moment, utc
from webapp.texts.marks import Mark

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from restante.reports import LinkStatus, Status

    Say = Callable[..., str]
    """Puts times in ms into a sentence."""


class Verdict(NamedTuple):
    """What is known of one link, in sentences: what happened, and what cannot happen any more."""

    mark: Mark
    happened: tuple[str, ...]
    prevented: tuple[str, ...]


def on_page(text: str, **times: int | None) -> str:
    """Return a sentence as HTML; the page's script shows the times in the visitor's zone."""
    return html(text, **{name: moment(at or 0) for name, at in times.items()})


def in_file(text: str, **times: int | None) -> str:
    """Return a sentence as text; its times are in the sender's zone, and name it."""
    here = zone.of_visitor()
    return text % {
        name: current().moment(utc(at or 0).astimezone(here)) for name, at in times.items()
    }


def of(link: LinkStatus, status: Status, say: Say) -> Verdict:
    """Return the verdict on a link."""
    return Verdict(
        mark(link),
        tuple(_happened(link, status, say)),
        tuple(_prevented(link, status, say)),
    )


def mark(link: LinkStatus) -> Mark:
    """Return the one or two words of a verdict, with their sign."""
    if not link.state.final and link.reveals:
        return Mark("opened", gettext("Opened, still open"))
    if not link.state.final:
        return Mark("sent" if link.state is not State.HELD else "held", gettext("Still open"))
    if not link.reveals:
        if link.state is State.RECALLED:
            return Mark("prevented", gettext("Prevented"))
        return Mark("prevented", gettext("Ended unread"))
    if link.state is State.RECALLED:
        return Mark("opened", gettext("Opened before"))
    if link.outcome is Outcome.ALREADY_SPENT:
        return Mark("opened", gettext("Too late"))
    return Mark("opened", gettext("Opened"))


def headline(links: Sequence[LinkStatus], status: Status) -> str:
    """Return the summary of all verdicts, in one or two sentences."""
    recalled = sum(1 for link in links if link.state is State.RECALLED)
    if recalled and not all(link.state.final for link in links):
        return ngettext(
            "%(num)s of %(links)s links is recalled. Others can still be opened.",
            "%(num)s of %(links)s links are recalled. Others can still be opened.",
            recalled,
            links=len(links),
        )
    return states.headline(
        links,
        is_paused=bool(status.paused_at),
        was_held=states.was_held(links, status.opens_at),
    )


def counts(links: Sequence[LinkStatus]) -> list[tuple[str, int]]:
    """Return how many links had which fate; all together are the links."""
    unread = sum(1 for link in links if link.state.final and not link.reveals)
    opened = sum(1 for link in links if link.reveals)
    found = (
        (gettext("Nobody opened it, and nobody can any more"), unread),
        (gettext("Opened"), opened),
        (gettext("Not opened, but still open"), len(links) - unread - opened),
    )
    return [(words, number) for words, number in found if number]


def _happened(link: LinkStatus, status: Status, say: Say) -> Iterator[str]:
    if states.was_held([link], status.opens_at):
        yield gettext("Nobody can have read it: it had not opened yet.")
        return
    if not link.reveals:
        if link.state.final:
            yield gettext("Nobody opened it.")
        else:
            yield gettext("Nobody has opened it.")
        return
    if link.reveals == 1:
        text = gettext("It was shown once to someone who had this link, on %(first)s.")
        yield say(text, first=link.first_revealed_at)
    else:
        text = ngettext(
            "It was shown %(num)s time to someone who had this link, first on %(first)s, "
            "last on %(last)s.",
            "It was shown %(num)s times to someone who had this link, first on %(first)s, "
            "last on %(last)s.",
            link.reveals,
            first="%(first)s",
            last="%(last)s",
        )
        yield say(text, first=link.first_revealed_at, last=link.last_revealed_at)
    yield from files.fetched(link, files.names if say is on_page else files.plain_names)
    if link.confirmed_at:
        text = gettext("“I have read this”, said someone it was shown to, on %(time)s.")
        yield say(text, time=link.confirmed_at)


def _prevented(link: LinkStatus, status: Status, say: Say) -> Iterator[str]:
    yield from (_ended if link.state.final else _still_open)(link, status, say)
    if out := [its for its in link.files if its.taken_out_at is not None]:
        yield files.taken_out(out, files.names if say is on_page else files.plain_names)
    if link.outcome in {Outcome.ALREADY_EXPIRED, Outcome.ALREADY_LOCKED}:
        yield say(gettext("The recall of %(time)s was not needed."), time=link.recalled_at)


def _still_open(link: LinkStatus, status: Status, say: Say) -> Iterator[str]:
    match link.state:
        case State.HELD if status.paused_at:
            yield gettext("Not recalled: it opens when you resume it.")
        case State.HELD:
            yield say(gettext("Not recalled: it opens on %(time)s."), time=status.opens_at)
        case _:
            text = gettext("Not recalled: it can be opened until %(time)s.")
            yield say(text, time=status.expires_at)


def _ended(link: LinkStatus, _: Status, say: Say) -> Iterator[str]:
    match link.state:
        case State.RECALLED:
            text = gettext("Recalled on %(time)s: it can no longer be opened.")
            if link.by_rule:
                text = gettext("Your rule recalled it on %(time)s: it can no longer be opened.")
            yield say(text, time=link.recalled_at)
            if link.reveals:
                yield gettext("What was shown before cannot be unshown.")
        case State.SPENT:
            yield gettext("It cannot be opened again.")
            if link.outcome:
                text = gettext("The recall of %(time)s came too late: it had been read.")
                yield say(text, time=link.recalled_at)
        case State.EXPIRED:
            text = gettext("It expired on %(time)s and can no longer be opened.")
            yield say(text, time=link.ended_at)
        case State.LOCKED:
            text = gettext("It locked on %(time)s, after too many wrong tries.")
            yield say(text, time=link.ended_at)
