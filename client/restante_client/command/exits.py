"""The exit statuses, and the sentence for each error."""

from __future__ import annotations

import click

from restante_client.command.events import word
from restante_client.command.printable import line
from restante_client.command.texts import _
from restante_client.errors import (
    CodeRequired,
    CodeWrong,
    FileRefused,
    FileTakenOut,
    FileTooLarge,
    Full,
    Gone,
    Held,
    Invalid,
    KeyReused,
    NotASender,
    NotFound,
    PassphraseRequired,
    PassphraseWrong,
    Paused,
    Problem,
    RateLimited,
    RestanteError,
    TooLarge,
    Unavailable,
    Unreachable,
)

OK, READ, USAGE, REFUSED, ENDED = 0, 3, 64, 65, 66
UNAVAILABLE, BUG, CANNOT_WRITE, LATER, FORBIDDEN, CONFIG = 69, 70, 73, 75, 77, 78
STOPPED = 130

STATUS: dict[type[RestanteError], int] = {
    Invalid: REFUSED,
    TooLarge: REFUSED,
    FileTooLarge: REFUSED,
    FileRefused: REFUSED,
    KeyReused: REFUSED,
    PassphraseRequired: REFUSED,
    PassphraseWrong: REFUSED,
    CodeRequired: REFUSED,
    CodeWrong: REFUSED,
    NotFound: ENDED,
    Gone: ENDED,
    FileTakenOut: ENDED,
    Unavailable: UNAVAILABLE,
    Full: UNAVAILABLE,
    Unreachable: UNAVAILABLE,
    Held: LATER,
    Paused: LATER,
    RateLimited: LATER,
    NotASender: FORBIDDEN,
    Problem: UNAVAILABLE,
}


class Failure(click.ClickException):
    """The command cannot go on: a sentence for the person, and the exit status."""

    def __init__(self, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.status = status


def status_of(error: RestanteError) -> int:
    """Return the exit status of an error; the most derived class decides."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), BUG)


def sentence_of(error: RestanteError) -> str:
    """Return what an error means, and what to do."""
    match error:
        case Unreachable(may_have_happened=True):
            return _(
                "No answer from the service. It may have happened: run the same command again."
            )
        case Unreachable():
            return _("The service cannot be reached. Nothing happened.")
        case Gone(state="recalled", reason=str() as reason):
            return _("The sender recalled this message: {reason}", reason=line(reason))
        case Gone():
            return _("This message can no longer be opened: {state}.", state=word(error.state))
        case PassphraseWrong() | CodeWrong():
            return _("That is not right. Tries left: {tries}.", tries=error.tries_left)
        case Held():
            at = error.opens_at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
            return _("This message opens at {at}.", at=at)
        case RateLimited():
            wait = int(error.retry_after or 60)
            return _("Too many requests. Try again in {wait} seconds.", wait=wait)
        case Invalid():
            return "\n".join(line(f"{field}: {detail}") for field, detail in error.errors)
    return _sentences().get(type(error), line(str(error)))


def _sentences() -> dict[type[RestanteError], str]:
    return {
        NotFound: _("There is no such message. It may be deleted, or the link is incomplete."),
        Paused: _("The sender has paused this message. Try again later."),
        PassphraseRequired: _("This message asks for a passphrase: give --passphrase-file."),
        CodeRequired: _("This message asks for the code from a mail: give --code-file."),
        NotASender: _("You may not send here. A token of the operator permits it: --token-file."),
        TooLarge: _("The text is too long for this service."),
        FileTakenOut: _("The sender took this file out of the message."),
        FileRefused: _("The service's virus scan refused a file."),
        FileTooLarge: _("A file is larger than this service takes."),
        Full: _("The service has no room for more files now. Try again later."),
        Unavailable: _("The service cannot do this now. Run the same command again."),
    }
