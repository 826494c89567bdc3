"""The country an address belongs to (GeoIP), estimated by data inside the package.

Only near the truth: registries say whom a range was given to, not where somebody sits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iptocc import country_code

from restante.ssrf import plain

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address


def country_of(address: IPv4Address | IPv6Address | None) -> str | None:
    """Return the ISO 3166 code of the country, None if the data does not tell.  Asks nobody."""
    return country_code(str(plain(address))) if address is not None else None
