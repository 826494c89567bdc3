"""Senders who are told by mail, for tests: a house with a mail server, and its worker's part."""

from __future__ import annotations

import re
import time
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from restante import wiring
from restante.email_address import mailbox
from restante.messages import Draft
from restante.notices import Notice, Wanted
from restante.settings import Settings
from restante.settings.parsers import Relay
from restante.store.connection import Connection
from tests.conftest import Clock
from tests.support import canaries
from tests.support.processes import wait_until
from tests.support.transports import transports as transports_of
from worker import dispatcher
from worker.dispatcher import Dispatcher
from worker.transports.http import Http
from worker.transports.mail import Mail

if TYPE_CHECKING:
    from email.message import EmailMessage

    from restante.crypto.keyring import Keyring
    from restante.reports import Sent
    from tests.support.mailserver import MailServer

LOOPBACK = (ip_network("127.0.0.0/8"),)
TO, OWNER = "ana@example.com", b"sender-id-of-ana"
MINUTE, SOON = 60_000, 5_000
URL = "https://letters.example"
SENDER = mailbox("Letters <letters@example.net>")


class House:
    """The use cases over a store that holds nothing yet, with a dispatcher that runs."""

    def __init__(
        self, store: Any, ring: Keyring, server: MailServer, *, turned: bool = True, **settings: Any
    ) -> None:
        self.server, self.clock = server, Clock()
        self.connection = Connection(wiring.connect(store.url))
        relay = Relay("127.0.0.1", server.port, "none")
        self.settings = Settings(
            public_url=URL, smtp_url=relay, mail_from=SENDER, webhook_networks=LOOPBACK, **settings
        )
        now = self.clock.now if turned else None
        self.its = wiring.assemble(self.settings, ring, self.connection, now=now)
        self.dispatchers: list[Dispatcher] = []

    def start(self, many: int = 1) -> None:
        relay = self.settings.smtp_url
        # Nobody waits a second here to see that nothing is due.
        dispatcher.IDLE_SECONDS = 0.1
        for _ in range(many):
            transports = transports_of(Http(LOOPBACK), Mail(relay, SENDER))
            self.dispatchers.append(Dispatcher(self.its.delivering, transports))
            self.dispatchers[-1].start()

    def stop(self) -> None:
        while self.dispatchers:
            self.dispatchers.pop().stop()

    def close(self) -> None:
        self.stop()
        for pool in self.connection.pools:
            pool.disconnect()

    def send(self, to: str = TO, owner: bytes | None = OWNER, **fields: Any) -> Sent:
        names = {"events", "zone", "has_link"}
        notice = Notice(to, owner=owner, **{k: fields.pop(k) for k in names & fields.keys()})
        canaries.learn("mail address", to)
        return self.its.sending.send(Draft(fields.pop("text", "x"), notice=notice, **fields))

    def mails(self, many: int) -> list[EmailMessage]:
        """Return all mails, once there are so many."""
        wait_until(lambda: not self._is_busy() and len(self.server.mails) >= many)
        self.rest()
        return self.server.mails

    def rest(self, soon: int = SOON, seconds: float = 60) -> None:
        """Wait until everything that is due now, or in *soon* ms, was delivered and settled."""
        wait_until(lambda: not self._is_busy(soon) and not self._is_busy(soon), seconds)

    def _is_busy(self, within: int = SOON) -> bool:
        ways = [way for one in self.dispatchers for way in one._ways.values()]
        for _ in range(2):
            if any(way.under_way for way in ways):
                return True  # a clock that is turned now would end its lease
            time.sleep(0.02)
        waiting, now = self.its.delivering.waiting(), self.clock.now()
        if soon := [one.at - now for one in waiting if 0 < one.at - now < within]:
            # It waits for a free slot: seconds that only the test's clock counts.
            now = self.clock.forward(max(*soon, 0) if within > SOON else min(soon))
        return any(one.at <= now for one in waiting) or any(way.under_way for way in ways)

    def agree(self, to: str = TO, owner: bytes = OWNER) -> str:
        """Let an address consent, without a mail; return the mail token."""
        cleared, address, token = self.its.consents.clear(
            to, owner, Wanted((0, bytes(16)), news=False)
        )
        assert cleared.word == "ask"
        self.its.consents.record_ask(address, cleared.asked_at, (0, bytes(16)))
        self.its.consents.give(token)
        return token

    def press(self, mail: EmailMessage, button: str = "give") -> None:
        """Press a button on the page that a mail leads to."""
        getattr(self.its.consents, button)(token_in(mail))


def text_of(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part
    return str(part.get_content())


def html_of(mail: EmailMessage) -> str:
    part = mail.get_body(("html",))
    assert part
    return str(part.get_content())


def token_in(mail: EmailMessage) -> str:
    """Return the mail token of a mail."""
    found = re.search(r"/n/(N[\w-]{64})", text_of(mail))
    assert found
    canaries.learn("mail token", found[1])
    return found[1]
