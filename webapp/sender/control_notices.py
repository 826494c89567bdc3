"""What stands above a message's links on its control page: why nothing was done, and alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from restante.errors import Fault, Gone, Invalid, TooLarge, Unavailable
from webapp.http.errors import BudgetSpent, RateLimited
from webapp.http.i18n import gettext, html
from webapp.texts.formatting import moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from restante.errors import RestanteError
    from restante.reports import LinkStatus


class Notice(NamedTuple):
    """Why nothing was done, at the top of the page."""

    heading: str
    text: str


class Alarm(NamedTuple):
    """Reports by people who have a link: disputes or declines; *at* is the latest time."""

    heading: str
    text: str
    recipient: str | None
    at: int | None


def faults_of(error: RestanteError | None) -> tuple[Fault, ...]:
    """Return what an error says of the form's fields."""
    match error:
        case Invalid():
            return error.faults
        case TooLarge():
            return (Fault("text", "too large"),)
    return ()


def title(error: RestanteError) -> str:
    """Return the page's title after an error."""
    if isinstance(error, Unavailable):
        return gettext("Not confirmed yet")
    return gettext("Nothing was changed yet")


def notice(error: RestanteError, faults: Mapping[str, str]) -> Notice:
    """Return why nothing was done."""
    match error:
        case Unavailable():
            return Notice(
                gettext("The service cannot confirm this right now."),
                gettext("Try again in a moment. Trying twice does no harm."),
            )
        case BudgetSpent():
            text = gettext(
                "It can send again from %(time)s. Nothing was changed, what you wrote is still "
                "here, and recalling works all the same."
            )
            return Notice(
                gettext("This network has sent as much as it may for today."),
                html(text, time=moment(error.until)),
            )
        case RateLimited():
            return Notice(
                gettext("That was asked too often."),
                gettext(
                    "Wait a minute, then try again. Nothing was changed, and what you wrote is "
                    "still here."
                ),
            )
        case Gone():
            return Notice(
                gettext("Every link had ended already."),
                gettext("Nothing was changed. The report is below."),
            )
    return Notice(
        gettext("Nothing was changed yet."),
        faults.get("form")
        or faults.get("links")
        or faults.get("rules")
        or gettext("Nothing is lost. Look at what is marked below."),
    )


def alarms(links: Sequence[LinkStatus], *, is_open: bool) -> Iterator[Alarm]:
    """Yield what people who have a link say against it."""
    disputed = _latest_last(links, "disputes", "disputed_at")
    # Disputes of links that were read come first: a dispute of another link must not hide them.
    if read := [link for link in disputed if link.reveals]:
        yield Alarm(
            gettext("Somebody else may have read this."),
            gettext(
                "Someone who has the link says that it was not them who opened it. Ask the "
                "recipient another way than by this mail, and treat what it said as known."
            ),
            read[-1].recipient,
            read[-1].disputed_at,
        )
    elif disputed:
        yield Alarm(
            gettext("Somebody else may have the link."),
            gettext(
                "Someone who has the link says that it was not them who typed wrong answers until "
                "it locked. Nothing was opened. Ask the recipient another way than by this mail."
            ),
            disputed[-1].recipient,
            disputed[-1].disputed_at,
        )
    if declined := _latest_last(links, "declines", "declined_at"):
        yield Alarm(
            gettext("This may have gone to the wrong person."),
            gettext(
                "Someone who has the link says that it is not for them. If you sent it to the "
                "wrong address, take it back."
            )
            if is_open
            else gettext("Someone who has the link says that it is not for them."),
            declined[-1].recipient,
            declined[-1].declined_at,
        )


def _latest_last(links: Sequence[LinkStatus], many: str, at: str) -> list[LinkStatus]:
    """Return the links with such reports, the latest last; a time may be missing."""
    said = [link for link in links if getattr(link, many) or getattr(link, at)]
    return sorted(said, key=lambda link: getattr(link, at) or 0)
