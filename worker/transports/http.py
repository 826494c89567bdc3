"""Posts to senders' own systems, with protection against SSRF.

The host name is resolved once, every IP address is checked, and the connection goes to a checked
address, with the given name as Host and SNI.  Redirects are not followed, proxies of the
environment are not used, and only the status of the response is read.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

import httpcore

from restante.channels.failures import FailureReason, failed
from restante.ssrf import literal, may_reach, plain, webhook_fault
from worker.concurrency_limit import ConcurrencyLimits
from worker.transports.limited_backend import ResponseLimitBackend

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from restante.settings.parsers import Network
    from restante.ssrf import Address

CONNECT_SECONDS = 5.0
ADDRESSES_MOST = 3
"""How many of a name's IP addresses are tried."""
RESOLVERS = 256
"""DNS look-ups at once: the system's resolver cannot be cancelled and may take long."""
DOMAIN_WIDTH = 8
"""Look-ups at once of names with the same last two labels, which may share a slow name server."""
ADDRESS_WIDTH = 16
"""Posts at once to one IP address, to which many names may resolve."""
GONE = 410
USER_AGENT = "Restante"


class Http:
    """Posts, each time over a new connection."""

    def __init__(
        self,
        ours: Sequence[Network],
        resolve: Callable[[str, int], list[Address]] | None = None,
    ) -> None:
        """*ours* are networks that are allowed although not public; *resolve* is for tests."""
        self._ours = tuple(ours)
        self._resolve = resolve or _resolve
        # The system's certificate authorities, or those in SSL_CERT_FILE.
        self._tls = ssl.create_default_context()
        self._lanes = ConcurrencyLimits(ADDRESS_WIDTH)
        self._domains = ConcurrencyLimits(DOMAIN_WIDTH)
        self._resolvers = ThreadPoolExecutor(RESOLVERS, "resolver")
        self._looking_up: set[asyncio.Task[list[Address]]] = set()

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """Post once, with Host, User-Agent and *headers*.

        Raises:
            DeliveryFailed: It was not accepted, or must not be sent there (SSRF).
            Busy: Too many posts to that IP address, or look-ups of that domain, are running.
        """
        if webhook_fault(url, self._ours):
            raise failed(FailureReason.ADDRESS_REFUSED)
        parts = urlsplit(url)
        why = FailureReason.UNREACHABLE
        for address in await self._addresses(parts):
            try:
                with self._lanes.enter(_neighbourhood(address)):
                    return await self._post(parts, address, headers, body)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                why = FailureReason.TLS if _is_of_tls(error) else FailureReason.UNREACHABLE
            except (httpcore.NetworkError, httpcore.ProtocolError):
                raise failed(FailureReason.DROPPED) from None
        raise failed(why)

    async def _addresses(self, parts: SplitResult) -> list[Address]:
        """Return the name's IP addresses, if all of them are allowed."""
        looking_up = asyncio.create_task(self._look_up(parts))
        self._looking_up.add(looking_up)
        looking_up.add_done_callback(self._looked_up)
        try:
            # A cancelled post does not end the look-up, which keeps its thread and its slot.
            found = await asyncio.shield(looking_up)
        except (OSError, UnicodeError):
            raise failed(FailureReason.UNKNOWN_NAME) from None
        if not found or not all(may_reach(address, self._ours) for address in found):
            raise failed(FailureReason.ADDRESS_REFUSED)
        if parts.scheme != "https" and not all(_is_in(address, self._ours) for address in found):
            raise failed(FailureReason.NOT_HTTPS)
        return found[:ADDRESSES_MOST]

    async def _look_up(self, parts: SplitResult) -> list[Address]:
        name = parts.hostname or ""
        if address := literal(name):
            return [address]
        with self._domains.enter(".".join(name.rstrip(".").split(".")[-2:])):
            return await asyncio.get_running_loop().run_in_executor(
                self._resolvers, self._resolve, name, _port(parts)
            )

    def _looked_up(self, looking_up: asyncio.Task[list[Address]]) -> None:
        self._looking_up.discard(looking_up)
        if not looking_up.cancelled():
            looking_up.exception()  # otherwise asyncio logs that it was never retrieved

    async def _post(
        self, parts: SplitResult, address: Address, headers: Mapping[str, str], body: bytes
    ) -> None:
        url = httpcore.URL(
            scheme=parts.scheme,
            host=str(address),
            port=_port(parts),
            target=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
        )
        # A new pool: a connection whose certificate was checked for one name serves no other.
        async with (
            httpcore.AsyncConnectionPool(self._tls, network_backend=ResponseLimitBackend()) as pool,
            pool.stream(
                "POST",
                url,
                headers=[("Host", parts.netloc), ("User-Agent", USER_AGENT), *headers.items()],
                content=body,
                extensions={
                    "sni_hostname": (parts.hostname or "").rstrip("."),
                    "timeout": {"connect": CONNECT_SECONDS},
                },
            ) as response,
        ):
            status = response.status
            answered = {name.lower(): value for name, value in response.headers}
        if not 200 <= status < 300:  # noqa: PLR2004
            raise failed(
                str(status),
                final=status == GONE,
                retry_after=_seconds(answered.get(b"retry-after", b"").decode("latin-1")),
            )


def _resolve(name: str, port: int) -> list[Address]:
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ip_address(str(entry[4][0]).partition("%")[0]) for entry in found))


def _neighbourhood(address: Address) -> IPv4Network | IPv6Network:
    """Return the network that probably belongs to one receiver: /32, or /64 of IPv6."""
    return ip_network((address, 32 if address.version == 4 else 64), strict=False)  # noqa: PLR2004


def _is_of_tls(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return error is not None


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _is_in(address: Address, networks: Sequence[Network]) -> bool:
    return any(plain(address) in network for network in networks)


def _seconds(written: str) -> int:
    """Return the seconds of a Retry-After header; 0 for a date."""
    return int(written) if written.isascii() and written.isdigit() and len(written) < 10 else 0  # noqa: PLR2004
