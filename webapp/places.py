"""The country an address belongs to, gauged by data inside the package, and its name in words.

Only near the truth: registries say whom a range was given to, not where somebody sits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import get_locale
from iptocc import country_code

from restante.addresses import plain
from webapp.language import gettext

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

WITH_ARTICLE = frozenset(
    {"AE", "BS", "CC", "CF", "CK", "DO", "FK", "FO", "GB", "GM", "IM", "IO", "KM", "KY", "MH"}
    | {"MP", "MV", "NL", "PH", "SB", "TC", "TF", "UM", "US", "VG", "VI"}
)
"""Countries that English calls "the …"."""


def country_of(address: IPv4Address | IPv6Address | None) -> str | None:
    """Return the ISO 3166 code of the country, None if the data does not tell.  Asks nobody."""
    return country_code(str(plain(address))) if address is not None else None


def in_country(code: str) -> str:
    """Return "in Spain", in the page's language; a code that babel does not know stays a code."""
    locale = get_locale()
    name = locale.territories.get(code, code) if locale else code
    if locale and locale.language == "en" and code in WITH_ARTICLE:
        name = f"the {name}"
    return gettext("in %(country)s", country=name)
