"""Texts for what is wrong with a webhook: restante/ssrf.py says which addresses are allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from webapp.http.i18n import gettext

if TYPE_CHECKING:
    from restante.errors import Fault


def fault(of: Fault) -> str:
    """Return what is wrong, for the visitor."""
    if of.field == "notify.webhook_format":
        return gettext("Choose one of these.")
    return {
        "required": gettext("Write the address first."),
        "must begin with https://": gettext("It must begin with https://."),
        "not an address that can be reached": gettext(
            "This is no address that can be reached. Look how it is written."
        ),
        "no login and no fragment": gettext("It must have no name and password, and no #."),
        "port 443, or 1024 and above": gettext("Its port must be 443, or 1024 and above."),
        "not an address that may be reached from here": gettext(
            "Only public addresses can be reached from here."
        ),
        "only programs can set one here": gettext("On this service only programs can set this."),
    }.get(of.detail, gettext("At most 800 characters, without blanks and accents."))
