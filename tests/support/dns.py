"""A name server for tests: real DNS over UDP on loopback, with configured answers."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from typing import TYPE_CHECKING, Self

from dnslib import AAAA, QTYPE, RR, A, DNSRecord
from dnslib.server import BaseResolver, DNSServer

if TYPE_CHECKING:
    from collections.abc import Callable
    from ipaddress import IPv4Address, IPv6Address


class NameServer(BaseResolver):
    """Answers the n-th look-up of any name (n from 1) with the addresses *answer(n)*, TTL 0."""

    def __init__(self, answer: Callable[[int], list[str]]) -> None:
        self._answer = answer
        self.questions = 0
        self._server = DNSServer(self, port=0, address="127.0.0.1")

    @property
    def address(self) -> tuple[str, int]:
        return ("127.0.0.1", self._server.server.server_address[1])

    def resolve(self, *asked: object) -> object:
        """As dnslib's server calls it with a question; as a resolver with a name and a port."""
        if isinstance(asked[0], DNSRecord):
            return self._reply(asked[0])
        return self.look_up(str(asked[0]))

    def look_up(self, name: str) -> list[IPv4Address | IPv6Address]:
        """Look the name up over the wire, once."""
        self.questions += 1
        return [ip_address(found) for found in ask(self.address, name)]

    def _reply(self, request: DNSRecord) -> DNSRecord:
        reply = request.reply()
        for found in self._answer(self.questions):
            is_v6 = ":" in found
            if (request.q.qtype == QTYPE.AAAA) == is_v6:
                data = AAAA(found) if is_v6 else A(found)
                kind = QTYPE.AAAA if is_v6 else QTYPE.A
                reply.add_answer(RR(request.q.qname, kind, rdata=data, ttl=0))
        return reply

    def __enter__(self) -> Self:
        self._server.start_thread()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()
        self._server.server.server_close()


def ask(server: tuple[str, int], name: str) -> list[str]:
    """Ask a name server for both kinds of address."""
    found = []
    for kind in ("A", "AAAA"):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.settimeout(5)
            line.sendto(DNSRecord.question(name, kind).pack(), server)
            reply = DNSRecord.parse(line.recv(4_096))
        found += [str(answer.rdata) for answer in reply.rr]
    return found
