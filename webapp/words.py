"""What we say to people about states, verdicts, events and faults.

Never more than is known: a read is "shown to someone who had the link".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from restante.messages import Event, LinkStatus, Outcome, State
from webapp.clock import duration, moment
from webapp.language import current, gettext, ngettext
from webapp.places import country
from webapp.suspicion import Why

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from restante.errors import Fault, RestanteError


def language() -> str:
    """Return the page's language, as HTML names it."""
    return current().tag


def direction() -> str:
    """Return `ltr` or `rtl`, as the page's language is written."""
    return current().direction


def overall(links: Sequence[LinkStatus]) -> State:
    """Return the one state that stands for all the links of a message."""
    states = {link.state for link in links}
    if len(states) == 1:
        return states.pop()
    was_read = any(link.reveals for link in links)
    if all(of.final for of in states):
        return State.SPENT if was_read else State.RECALLED
    return State.READ if was_read else State.SEALED


def headline(links: Sequence[LinkStatus]) -> str:
    """Return the verdict on a whole message in a sentence or two, for its sender."""
    read = sum(1 for link in links if link.reveals)
    is_over = all(link.state.final for link in links)
    if not read:
        if is_over:
            return gettext("Nobody has read it. It can no longer be read.")
        if overall(links) is State.HELD:
            return gettext("It does not open yet. Nobody can have read it.")
        return gettext("It is waiting. Nobody has opened it.")
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
    return gettext("%(read)s of %(links)s links opened so far.", **facts)


def _headline(only: LinkStatus) -> str:
    """Return the verdict on a message whose one link was opened."""
    if only.outcome is Outcome.ALREADY_SPENT:
        return gettext("The recall came too late: it had been read.")
    if only.state is State.RECALLED:
        return gettext("It was opened before you recalled it. It opens no more.")
    if only.state.final:
        return gettext("It was opened. It cannot be opened again.")
    return gettext("It was opened, and it can be opened again.")


def state(of: State) -> str:
    """Return the one or two words beside a seal."""
    return {
        State.HELD: gettext("Waiting"),
        State.SEALED: gettext("Sealed"),
        State.READ: gettext("Opened"),
        State.SPENT: gettext("Opened"),
        State.RECALLED: gettext("Recalled"),
        State.EXPIRED: gettext("Expired"),
        State.LOCKED: gettext("Locked"),
    }[of]


def link(of: LinkStatus) -> str:
    """Return what is known of one link, in a sentence or two, for its sender."""
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
        case State.READ:
            return f"{shown} " + gettext("It can be opened again.")
        case State.SPENT:
            return f"{shown} " + gettext("It cannot be opened again.")
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
    """Return what a recall could not do, where it came too late."""
    match of.outcome:
        case Outcome.ALREADY_SPENT:
            return gettext("The recall came too late: it had been read.")
        case Outcome.ALREADY_EXPIRED:
            return gettext("The recall was not needed: it had expired.")
        case Outcome.ALREADY_LOCKED:
            return gettext("The recall was not needed: it had been locked.")
    return None


def arrival(of: LinkStatus) -> str | None:
    """Return whether a browser confirmed that the text arrived, once it was released."""
    if of.reveals == 0:
        return None
    if of.acknowledged_at is None:
        return gettext("Released; no browser confirmed that it arrived.")
    return gettext("A browser confirmed that it arrived.")


def event(of: Event) -> str:
    """Return an event of the timeline in a few words; the page adds time and recipient."""
    match of.type:
        case "message.extended":
            written = Markup(gettext("Expiry moved to %(to)s"))  # noqa: S704 (our own words)
            return written % {"to": moment(int(of.facts["to"]))}
        case "link.prolonged":
            written = Markup(gettext("Kept readable there until %(until)s"))  # noqa: S704 (our own)
            return written % {"until": moment(int(of.facts["until"]))}
        case "link.passphrase_wrong":
            return ngettext(
                "Wrong passphrase; one try left",
                "Wrong passphrase; %(num)s tries left",
                int(of.facts["tries_left"]),
            )
        case "link.code_wrong":
            return ngettext(
                "Wrong code; one try left",
                "Wrong code; %(num)s tries left",
                int(of.facts["tries_left"]),
            )
        case "link.recalled":
            return outcome(Outcome(str(of.facts["outcome"])))
        case "link.expired":
            return gettext("Expired unread") if of.facts["reveals"] == 0 else gettext("Expired")
    return {
        "message.sent": gettext("Sent"),
        "message.replaced": gettext("Text replaced"),
        "link.replaced": gettext("This link opens the new text"),
        "link.revealed": gettext("Shown to someone who had this link"),
        "link.acknowledged": gettext("A browser confirmed that it arrived"),
        "link.confirmed": gettext("“I have read this”, says someone it was shown to"),
        "link.disputed": gettext("“That was not me”, says someone who has this link"),
        "link.declined": gettext("“This is not for me”, says someone who has this link"),
        "link.code_requested": gettext("A code to be mailed was asked for"),
        "link.code_failed": gettext("The code could not be mailed: the address was refused"),
        "link.locked": gettext("Locked after too many wrong tries"),
        "link.failed": gettext("Asked for, but it could not be opened"),
    }.get(of.type, of.type)


def on_screen(seconds: int) -> str:
    """Return how long a text was on the screen, by the browser's word; nobody knows who read."""
    return gettext("On screen for %(time)s.", time=duration(seconds))


def outcome(of: Outcome) -> str:
    """Return a verdict in a few words."""
    return {
        Outcome.RECALLED_UNREAD: gettext("Recalled before anybody read it"),
        Outcome.RECALLED_AFTER_READ: gettext("Recalled after it was read; no further views"),
        Outcome.ALREADY_SPENT: gettext("Recall came too late: already read"),
        Outcome.ALREADY_EXPIRED: gettext("Recall not needed: already expired"),
        Outcome.ALREADY_LOCKED: gettext("Recall not needed: already locked"),
    }[of]


def visitor(kind: str, *, by_sender: bool = True) -> str:
    """Return the class of a look in words; *by_sender* reads them, or else a recipient."""
    if kind == "sender" and not by_sender:
        return gettext("the sender’s browser")
    return {
        "browser": gettext("a browser"),
        "prefetch": gettext("a browser fetching ahead"),
        "sender": gettext("your own browser"),
        "program": gettext("a program"),
        "preview_bot": gettext("a bot that makes previews"),
        "scanner_suspected": gettext("a scanner, by all signs"),
    }.get(kind, kind)


def evidence(of: Mapping[str, str]) -> str:
    """Return what was recorded of a visitor, fact beside fact; empty if nothing was."""
    browser, system = of.get("browser"), of.get("system")
    program = browser or system
    if browser and system:
        program = gettext("%(browser)s on %(system)s", browser=browser, system=system)
    return " · ".join(filter(None, (_origin(of.get("country"), program), of.get("network"))))


def _origin(code: str | None, program: str | None) -> str | None:
    """Return "in Spain, from Firefox on Windows", or as much of it as is known."""
    if code is None:
        return program
    if program is None:
        return gettext("in %(country)s", country=country(code))
    return gettext("in %(country)s, from %(program)s", country=country(code), program=program)


def why(of: Why) -> str:
    """Return why a number is asked for, for the person who is asked."""
    return {
        Why.QUICK: gettext("The button was pressed quicker than a person usually does."),
        Why.FOREIGN: gettext("The button was pressed on another site than this one."),
        Why.STRANGER: gettext("Your browser did not bring back the cookie that this page gave it."),
        Why.SCRIPTED: gettext("Your browser did not say that a person pressed the button."),
        Why.UNTOUCHED: gettext("The button was pressed, but no key, pointer or touch was seen."),
        Why.DECOY: gettext("A field was filled in that people do not see."),
        Why.NETWORK: gettext("Your network is one that mail scanners use, too."),
        Why.ALWAYS: gettext("Everybody is asked for a number here."),
        Why.WATCHED: gettext(
            "A machine looked at this link meanwhile: the number tells you from it."
        ),
        Why.MACHINE: gettext("Your browser gives itself a machine’s name, or none."),
        Why.AGAIN: gettext("The page was too old to go on from."),
    }.get(of) or gettext("That was not the number. Here is a new one.")


def refused(error: RestanteError) -> str:
    """Return why a token was not taken, for the person who typed it."""
    match error.code:
        case "not-a-sender":
            return gettext("This token is not good here. Copy it whole, or ask for a new one.")
        case "rate-limited":
            return gettext("Too many tries from your network. Try again in a minute.")
        case "unavailable":
            return gettext("The service cannot look at it right now. Try again in a moment.")
    return gettext("This form came from another site. Type the token here.")


def fault(of: Fault) -> str:
    """Return what is wrong with a field, for the person who filled it in."""
    match of.field.partition("[")[0]:
        case "text" if of.detail == "too large":
            return gettext("This text is too long to send.")
        case "text":
            return gettext("Write the message first.")
        case "recipients" if of.detail.startswith("required"):
            return gettext("Write the e-mail address of each reader: a code is mailed there.")
        case "recipients" if of.detail.startswith("an e-mail"):
            return gettext(
                "One e-mail address a line, as ana@example.com or Ana <ana@example.com>."
            )
        case "mailed_code":
            return gettext("This service sends no mail, so it can mail no code.")
        case "recipients":
            return gettext("One name a line: at most 100 names of at most 200 characters.")
        case "from" | "subject":
            return gettext("At most 200 characters, on one line.")
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
            return gettext("From 1 to 256 characters.")
        case "permit":
            return gettext("Sending takes a token that is good here. All that you wrote stays.")
        case "form":
            return gettext("This form came from another site. Look through it and send it here.")
    return gettext("This is not possible here.")
