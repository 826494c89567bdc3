"""Texts for states, verdicts and faults.

They never say more than is known: a read is "shown to someone who had the link".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from restante.errors import Invalid
from restante.messages import Outcome, State
from restante.safe_text import UNFIT
from webapp.http.i18n import current, gettext, ngettext
from webapp.texts import webhook_faults
from webapp.texts.files import size

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from restante.errors import Fault, RestanteError
    from restante.reports import LinkStatus

NAME_MOST = 60


def language() -> str:
    """Return the language tag of the page, for HTML."""
    return current().tag


def direction() -> str:
    """Return the direction of the page's language: `ltr` or `rtl`."""
    return current().direction


class Summed(Protocol):
    """What the summary of a message needs of each link."""

    @property
    def state(self) -> State: ...
    @property
    def reveals(self) -> int: ...
    @property
    def outcome(self) -> Outcome | None: ...


def overall(links: Sequence[Summed]) -> State:
    """Return the one state that summarises all links of a message."""
    states = {link.state for link in links}
    if len(states) == 1:
        return states.pop()
    was_read = any(link.reveals for link in links)
    if all(of.final for of in states):
        return State.SPENT if was_read else State.RECALLED
    return State.READ if was_read else State.SEALED


def was_held(links: Iterable[LinkStatus], opens_at: int) -> bool:
    """Tell whether all links were recalled before they opened, so that nobody can have read it."""
    return all(
        link.outcome is Outcome.RECALLED_UNREAD and (link.recalled_at or opens_at) < opens_at
        for link in links
    )


def headline(links: Sequence[Summed], *, is_paused: bool = False, was_held: bool = False) -> str:
    """Return the sender's summary of a whole message, in one or two sentences."""
    if was_held:
        return gettext("Nobody can have read it. It was taken back before it opened.")
    read = sum(1 for link in links if link.reveals)
    is_over = all(link.state.final for link in links)
    if not read:
        if is_over:
            return gettext("Nobody has read it. It can no longer be read.")
        if is_paused:
            return gettext("It is paused. Nobody has opened it.")
        if overall(links) is State.HELD:
            return gettext("It does not open yet. Nobody can have read it.")
        return gettext("It is waiting. Nobody has opened it.")
    if is_paused and len(links) == 1:
        return gettext("It is paused. It was opened before.")
    if len(links) == 1:
        return _headline(links[0])
    facts = {"read": read, "links": len(links)}
    if is_over:
        return ngettext(
            "%(read)s of %(links)s links was opened. None opens any more.",
            "%(read)s of %(links)s links were opened. None opens any more.",
            read,
            **facts,
        )
    if is_paused:
        return gettext("It is paused. %(read)s of %(links)s links opened before.", **facts)
    return gettext("%(read)s of %(links)s links opened so far.", **facts)


def _headline(only: Summed) -> str:
    """Return the sender's summary of a message whose only link was opened."""
    if only.outcome is Outcome.ALREADY_SPENT:
        return gettext("The recall came too late: it had been read.")
    if only.state is State.RECALLED:
        return gettext("It was opened before you recalled it. It does not open again.")
    if only.state.final:
        return gettext("It was opened. It cannot be opened again.")
    return gettext("It was opened, and it can be opened again.")


def ended(of: State) -> str | None:
    """Return in one word how all links ended; None if a headline says it."""
    return {
        State.RECALLED: gettext("Recalled"),
        State.EXPIRED: gettext("Expired"),
        State.LOCKED: gettext("Locked"),
    }.get(of)


def link(of: LinkStatus, *, is_paused: bool = False) -> str:
    """Return the sender's summary of one link, in one or two sentences."""
    shown = ngettext(
        "Shown once to someone who had this link.",
        "Shown %(num)s times to someone who had this link.",
        of.reveals,
    )
    match of.state:
        case State.HELD:
            return gettext("It does not open yet. Nobody can have read it.")
        case State.SEALED:
            return gettext("Nobody has opened it.")
        case State.READ if is_paused:
            return shown
        case State.READ:
            return f"{shown} " + gettext("It can be opened again.")
        case State.SPENT:
            return f"{shown} " + gettext("It cannot be opened again.")
        case State.RECALLED if of.by_rule:
            return gettext("Your rule took it back. Nobody has read it, and nobody can any more.")
        case State.RECALLED if of.outcome is Outcome.RECALLED_UNREAD:
            return gettext("Nobody has read it. It can no longer be read.")
        case State.RECALLED:
            return (
                gettext("Recalled too late for what was read.")
                + f" {shown} "
                + gettext("It cannot be opened again.")
            )
        case State.EXPIRED if of.reveals == 0:
            return gettext("It expired unread. It can no longer be read.")
        case State.EXPIRED:
            return f"{shown} " + gettext("It has expired.")
        case State.LOCKED:
            return gettext("Too many wrong tries. It can no longer be opened.")
    raise AssertionError


def too_late(of: LinkStatus) -> str | None:
    """Return the text for a recall that came too late for this link."""
    match of.outcome:
        case Outcome.ALREADY_SPENT:
            return gettext("The recall came too late: it had been read.")
        case Outcome.ALREADY_EXPIRED:
            return gettext("The recall was not needed: it had expired.")
        case Outcome.ALREADY_LOCKED:
            return gettext("The recall was not needed: it had been locked.")
    return None


def arrival(of: LinkStatus) -> str | None:
    """Return the text on the acknowledgement of a released view: confirmed or not."""
    if of.reveals == 0:
        return None
    if of.acknowledged_at is None:
        return gettext("Released; no browser confirmed that it arrived.")
    return gettext("A browser confirmed that it arrived.")


def refused(error: RestanteError) -> str:
    """Return why a typed sender token was refused."""
    match error.code:
        case "not-a-sender":
            return gettext("This token is not good here. Copy it whole, or ask for a new one.")
        case "rate-limited":
            return gettext("Too many tries from your network. Try again in a minute.")
        case "unavailable":
            return gettext("The service cannot look at it right now. Try again in a moment.")
    of = error.faults[0] if isinstance(error, Invalid) else None
    if of and of.field == "forget":
        return gettext(
            "Nothing was changed: your browser did not say where this came from. "
            "Go back, reload the page, and press again."
        )
    if of and of.detail == "stale":
        return gettext("This page was open for more than a day. Send the token again.")
    return gettext("Your browser did not say where this form came from. Type the token again.")


def faults(found: Iterable[Fault], cut: Iterable[str]) -> dict[str, str]:
    """Return a sentence for each field at fault, and for what comes back without its end."""
    told = {one.field.partition("[")[0]: fault(one) for one in found}
    if "files" in told:
        told.setdefault("file", told["files"])
    end = gettext("Its end is missing here: it was far too long.")
    return told | {name: f"{told[name]} {end}" if name in told else end for name in cut}


def repeated(names: Iterable[str], otherwise: str) -> str:
    """Return which recipients are in a list twice, and what is wrong *otherwise*."""
    said = twice(names)
    told = gettext("Are they the same people? Say so below.")
    return f"{said} {otherwise}" if otherwise == told else f"{said} {told} {otherwise}"


def twice(names: Iterable[str]) -> str:
    """Return which recipients are in a list twice."""
    return gettext("Twice in the list: %(names)s.", names="; ".join(map(_cut, names)))


def _cut(name: str) -> str:
    return name if len(name) <= NAME_MOST else name[:NAME_MOST] + "…"


def _rule_fault(of: Fault) -> str:
    if of.detail == "a whole number":
        return gettext("Write whole hours, 1 or more.")
    if of.detail == "before the message opens":
        return gettext("It does not open before that. Choose a longer time.")
    return gettext("Choose another time, before the message expires.")


def _too_many_files(detail: str) -> str:
    number = int("".join(c for c in detail if c.isdigit()))
    if "bytes" in detail:
        return gettext("Together they are larger than %(most)s. Take one out.", most=size(number))
    return gettext("A message has at most %(most)s files. Take one out.", most=number)


def fault(of: Fault) -> str:
    """Return what is wrong with a field of a form, for the visitor."""
    match of.field.partition("[")[0]:
        case "from" | "subject" | "recipients" | "reason" if of.detail == UNFIT:
            return gettext(
                "Some characters here cannot be seen, break the line or reorder text. "
                "Type it again by hand."
            )
        case "text" if of.detail == "too large":
            return gettext("This text is too long to send.")
        case "text" if of.detail == "replaced too often":
            return gettext("This text was replaced too often. Send a new message.")
        case "text":
            return gettext("Write the message first.")
        case "file":
            return of.detail  # it says which file, and why
        case "files" if of.detail.startswith("at most "):
            return _too_many_files(of.detail)
        case "files":
            return gettext("One of these files is no longer here. Choose it again.")
        case "recipients" if of.detail == "repeated":
            return gettext("Are they the same people? Say so below.")
        case "list":
            return gettext(
                "This file is not a list that can be read here. Save it as CSV, or paste it above."
            )
        case "recipients" if of.detail.startswith("required"):
            return gettext("Write the e-mail address of each reader: a code is mailed there.")
        case "recipients" if of.detail.startswith("an e-mail"):
            return gettext(
                "An e-mail address for each reader, without accents: ana@example.com, "
                "or Ana <ana@example.com>."
            )
        case "notify.email" if of.detail.startswith("an e-mail"):
            return gettext("One e-mail address, without accents: ana@example.com.")
        case "notify.email":
            return gettext("This service sends no mail.")
        case "notify.webhook" | "notify.webhook_format":
            return webhook_faults.fault(of)
        case "notify.events":
            return gettext("Choose at least one.")
        case "push" if of.detail.startswith("three"):
            return gettext("Three browsers are told already. Stop one of them first.")
        case "push":
            return gettext("This browser cannot be told. Try it again, or send without it.")
        case "mailed_code":
            return gettext("This service sends no mail, so it can mail no code.")
        case "recipients":
            return gettext("At most 100 names of at most 200 characters.")
        case "from" | "subject":
            return gettext("At most 200 characters, on one line.")
        case "links" if of.detail == "none":
            return gettext("Mark the links to be recalled first.")
        case "reason":
            return gettext("At most 500 characters, on one line.")
        case "views":
            return gettext("A whole number from 1 to 100.")
        case "expires_in":
            return gettext("Choose another time: this one is not possible here.")
        case "hold":
            return gettext("Choose a shorter wait.")
        case "passphrase" if of.detail.startswith("required"):
            return gettext("This message has a passphrase: give one for the new text too.")
        case "passphrase":
            return gettext("From 1 to 256 characters, not only blanks.")
        case "permit" if of.detail == "untold":
            return gettext(
                "Type the token again: your browser did not say where this one came from."
            )
        case "permit":
            return gettext(
                "Sending needs a token that is valid here. Everything you wrote is kept."
            )
        case "rules" if of.detail == "every link was opened":
            return gettext("Every link was opened already: a rule would do nothing.")
        case "rules":
            return gettext("The rules were changed too often. You can still recall it.")
        case "rules.tell_unread_after" | "rules.recall_unread_after":
            return _rule_fault(of)
        case "form" if of.detail == "paused too often":
            return gettext("This message was paused too often. You can still recall it.")
        case "form" if of.detail == "nothing to test":
            return gettext("Nothing is on that could be tested.")
        case "form" if of.detail == "tested too often":
            return gettext("This message was tested too often.")
        case "form" if of.detail == "stale":
            return gettext("This page was open for more than a day. Check it, then send it again.")
        case "form":
            return gettext(
                "Your browser did not say where this form came from. Check it, then send it again."
            )
    return gettext("This is not possible here.")
