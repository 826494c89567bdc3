"""Every error the product raises on purpose.

An error is named for the fact.  Web and commands translate it into HTTP or exit status.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class RestanteError(Exception):
    """Base of every error the product raises on purpose."""

    code: ClassVar[str]
    """Stable name for programs; part of the API, so never reworded."""

    title: ClassVar[str]
    """One sentence for the person who sees it; free to be reworded."""

    def __init__(self) -> None:
        super().__init__(self.title)


class NotFound(RestanteError):
    """No such message or link: it was never sent, is mistyped, or is forgotten already."""

    code = "not-found"
    title = "There is nothing at this address."


class Gone(RestanteError):
    """The link ended, or this reader's view of it ended."""

    code = "gone"
    title = "This message can no longer be opened."

    def __init__(
        self, state: str, *, reason: str | None = None, ended_at: int | None = None
    ) -> None:
        super().__init__()
        self.state = state
        self.reason = reason
        self.ended_at = ended_at


class Held(RestanteError):
    """It is too early: the link opens at `opens_at`.

    `at` is now; both are in ms.
    """

    code = "held"
    title = "This message cannot be opened yet."

    def __init__(self, opens_at: int, at: int) -> None:
        super().__init__()
        self.opens_at = opens_at
        self.at = at


class Paused(RestanteError):
    """The sender has paused the message.  They may resume it."""

    code = "paused"
    title = "This message is not open at the moment."


class PassphraseRequired(RestanteError):
    """The message has a passphrase and none was given.  No view and no try is spent."""

    code = "passphrase-required"
    title = "This message asks for a passphrase."


class PassphraseWrong(RestanteError):
    """The passphrase was wrong.  One try is spent, no view."""

    code = "passphrase-wrong"
    title = "That passphrase is not right."

    def __init__(self, tries_left: int) -> None:
        super().__init__()
        self.tries_left = tries_left


class Watched(RestanteError):
    """A machine visited the link recently, and this request does not prove a person.

    No view and no try is spent.  The gate then shows a challenge.
    """

    code = "watched"
    title = "A machine looked at this link a few minutes ago."


class CodeRequired(RestanteError):
    """The link needs a mailed code; none was given, or none is valid any more.

    No view and no try is spent.
    """

    code = "code-required"
    title = "This message asks for a code that is mailed to its recipient."


class CodeWrong(RestanteError):
    """The mailed code was wrong.  One try is spent, no view."""

    code = "code-wrong"
    title = "That code is not right."

    def __init__(self, tries_left: int) -> None:
        super().__init__()
        self.tries_left = tries_left


class CodesUsedUp(RestanteError):
    """The link's quota of mailed codes is used up."""

    code = "rate-limited"
    title = "No more codes are mailed for this link."


class NotASender(RestanteError):
    """Neither the visitor's network nor a sender token allows sending.  Nothing was stored."""

    code = "not-a-sender"
    title = "Sending is not open to everyone here."


class Fault(NamedTuple):
    """One invalid field, and a sentence about it that never echoes the input."""

    field: str
    detail: str


class Invalid(RestanteError):
    """The request is invalid; `faults` names every invalid field."""

    code = "invalid"
    title = "Some of what was sent is not right."

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__()
        self.faults = tuple(faults)


class Superseded(RestanteError):
    """Somebody else continues this upload, or it is complete."""

    code = "superseded"
    title = "This upload goes on elsewhere."


class OffsetWrong(RestanteError):
    """An upload goes on at another place: at `offset`, in bytes.  Nothing was added."""

    code = "offset-wrong"
    title = "The upload goes on at another place."

    def __init__(self, offset: int) -> None:
        super().__init__()
        self.offset = offset


class FileTooLarge(RestanteError):
    """The file is larger than this service accepts: `limit` is in bytes."""

    code = "file-too-large"
    title = "The file is too large."

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit


class FileRefused(RestanteError):
    """The virus scan refused the file: `found` names what was found; if empty, it is too large.

    Nothing of it is kept.
    """

    code = "file-refused"
    title = "The virus scan refused this file."

    def __init__(self, found: str = "") -> None:
        super().__init__()
        self.found = found


class TakenOut(RestanteError):
    """The sender took this file out of the message, at `at` (ms); nobody gets it any more."""

    code = "taken-out"
    title = "The sender took this file out."

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at


class Full(RestanteError):
    """There is no room for more files now.  What is kept stays."""

    code = "full"
    title = "There is no room for more files at the moment."


class KeyReused(RestanteError):
    """The Idempotency-Key belongs to another request that was sent within a day.

    Nothing was stored, and nothing of that request is told.
    """

    code = "key-reused"
    title = "This Idempotency-Key was used for another message."


class TooLarge(RestanteError):
    """The text is longer than this service accepts: `limit` is in bytes of UTF-8."""

    code = "too-large"
    title = "The text is too long."

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit


class Unavailable(RestanteError):
    """The store cannot be reached, is full, or cannot promise durability now.

    The operation may have happened.  It is idempotent: the same request again is safe and
    gives the true result.
    """

    code = "unavailable"
    title = "The service cannot do this right now. Try again in a moment."


class Damaged(RestanteError):
    """Sealed data does not decrypt: wrong key, wrong record, unknown header or tampering.

    One error for all four, so that it cannot serve as an oracle.
    """

    code = "internal"
    title = "Something went wrong on our side."


class SettingsInvalid(RestanteError):
    """The operator's settings are invalid; `problems` names every problem."""

    code = "settings-invalid"
    title = "The settings are not right."

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__()
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "\n".join((self.title, *(f"  - {problem}" for problem in self.problems)))
