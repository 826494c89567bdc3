"""GeoIP: estimates the country of an IP address with data inside the package.

Only an estimate: registries know to whom a range was assigned, not where its users are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iptocc import country_code

from restante.ssrf import plain

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address


def country_of(address: IPv4Address | IPv6Address | None) -> str | None:
    """Return an IP address's ISO 3166 country code (GeoIP), or None; makes no request."""
    return country_code(str(plain(address))) if address is not None else None
