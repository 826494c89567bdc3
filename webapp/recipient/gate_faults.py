"""What is wrong with a field of the gate, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restante.errors import CodeRequired, CodeWrong, Invalid, PassphraseRequired, PassphraseWrong
from webapp.http.i18n import gettext, ngettext

if TYPE_CHECKING:
    from restante.errors import RestanteError


def is_about_code(error: Invalid) -> bool:
    """Tell whether what was typed as the mailed code cannot be one."""
    return any(fault.field == "code" for fault in error.faults)


def of(error: RestanteError | None) -> dict[str, str]:
    """Return a sentence for the field at fault, by its name; none if no field is."""
    match error:
        case PassphraseWrong():
            wrong = ngettext(
                "That passphrase is not right. One try is left; nothing else was lost.",
                "That passphrase is not right. %(num)s tries are left; nothing else was lost.",
                error.tries_left,
            )
            return {"passphrase": wrong}
        case Invalid() if is_about_code(error):
            return {"code": gettext("A code has six digits. Type it again: no try was used up.")}
        case PassphraseRequired() | Invalid():
            return {"passphrase": gettext("Type the passphrase first. Nothing was lost.")}
        case CodeWrong():
            wrong = ngettext(
                "That code is not right. One try is left; nothing else was lost.",
                "That code is not right. %(num)s tries are left; nothing else was lost.",
                error.tries_left,
            )
            return {"code": wrong}
        case CodeRequired():
            text = gettext("That code is no longer valid, or none was typed. Nothing was lost.")
            return {"code": text}
    return {}
