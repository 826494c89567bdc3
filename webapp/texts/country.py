"""The country an address belongs to, gauged by data inside the package, and its name in words.

Only near the truth: registries say whom a range was given to, not where somebody sits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iptocc import country_code

from restante.ssrf import plain
from webapp.http.i18n import current

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


def country(code: str) -> str:
    """Return a country's name in the page's language; an unknown code stays a code."""
    its = current()
    name = its.country(code)
    if its.code == "en" and code in WITH_ARTICLE:
        return f"the {name}"
    return name
