"""SSRF protection: which URLs and IP addresses a webhook may go to.

The address blocks are those of the IANA special-purpose registries (RFC 6890 and later).
`ipaddress.is_global` is not enough: it lacks entries, and it does not look at the IPv4
address inside a 6to4 or NAT64 address.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from restante.settings.parsers import Network

Address = IPv4Address | IPv6Address

NOT_PUBLIC_V4 = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",
            "100.64.0.0/10",  # shared by a carrier's customers
            "127.0.0.0/8",
            "169.254.0.0/16",  # link-local, and the metadata services of clouds
            "168.63.129.16/32",  # Azure's platform service, reachable from every network there
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",  # documentation
            "192.31.196.0/24",  # AS112
            "192.52.193.0/24",  # AMT
            "192.88.99.0/24",  # 6to4 relays
            "192.168.0.0/16",
            "192.175.48.0/24",  # AS112
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, broadcast
        ),
    )
)
PUBLIC_V6 = ip_network("2000::/3")
NOT_PUBLIC_V6 = tuple(
    map(
        ip_network,
        (
            "2001::/23",  # protocols: Teredo, ORCHID, benchmarks
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4
            "2620:4f:8000::/48",  # AS112
            "3fff::/20",  # documentation
        ),
    )
)
NAT64 = ip_network("64:ff9b::/96")
"""RFC 6052: the last 32 bits are an IPv4 address."""

URL_MAX = 800
HTTP_PORT, HTTPS_PORT, PORT_LEAST = 80, 443, 1_024
"""Other ports below PORT_LEAST are refused: services there may misread an HTTP request."""
_LABEL = "[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
NAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})*\.?")


def plain(address: Address) -> Address:
    """Return the IPv4 address inside a mapped or NAT64 one, else *address* without its scope."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return address.ipv4_mapped
        address = IPv6Address(int(address))
        if address in NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def may_reach(address: Address, ours: Iterable[Network]) -> bool:
    """Tell whether a webhook may connect to *address*: public, or in the operator's networks."""
    address = plain(address)
    if any(address in network for network in ours):
        return True
    if isinstance(address, IPv4Address):
        return not any(address in network for network in NOT_PUBLIC_V4)
    return address in PUBLIC_V6 and not any(address in network for network in NOT_PUBLIC_V6)


def literal(host: str) -> Address | None:
    """Return the IP address if *host* is one, None if it is a name.

    Raises:
        ValueError: Neither.  Forms such as `0177.1` and `2130706433` are refused, since some
            parsers read them as addresses and others as names.
    """
    try:
        return ip_address(host)
    except ValueError:
        last = host.rstrip(".").rpartition(".")[2]
        if not NAME.fullmatch(host) or re.fullmatch(r"\d+|0[xX][0-9a-fA-F]*", last):
            raise
        return None


def webhook_fault(url: str, ours: Iterable[Network]) -> str | None:
    """Return what is wrong with a webhook's URL, None if it is allowed.

    A host name is not resolved here, but for every delivery, which checks the result.
    """
    ours = tuple(ours)
    if not 1 <= len(url) <= URL_MAX or not re.fullmatch(r"[\x21-\x7e]+", url):
        return f"an address of at most {URL_MAX} ASCII characters"
    try:
        parts = urlsplit(url)
        port = parts.port
        address = literal(parts.hostname or "")
    except ValueError:
        return "not an address that can be reached"
    is_ours = address is None or any(plain(address) in network for network in ours)
    if parts.scheme != "https" and not (parts.scheme == "http" and ours and is_ours):
        return "must begin with https://"
    host = parts.hostname or ""
    written = re.escape(f"[{host}]" if ":" in host else host) + r"(:\d*)?"
    if "%" in host or not re.fullmatch(written, parts.netloc.rpartition("@")[2].lower()):
        return "not an address that can be reached"
    if parts.username is not None or "@" in parts.netloc or "#" in url or "\\" in url:
        return "no login and no fragment"
    if port is not None and port not in {HTTP_PORT, HTTPS_PORT} and port < PORT_LEAST:
        return "port 443, or 1024 and above"
    if address is not None and not may_reach(address, ours):
        return "not an address that may be reached from here"
    return None
