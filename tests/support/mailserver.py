"""A mail server for tests: accepts, refuses, stalls or drops the connection, as configured."""

# ruff: noqa: ARG002, N802  (aiosmtpd names its hooks and what they get)

from __future__ import annotations

import asyncio
import re
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any, Self

from aiosmtpd.controller import Controller

from tests.support.processes import free_port, wait_until

if TYPE_CHECKING:
    import ssl
    from email.message import EmailMessage


class MailServer:
    """Takes mail on a port of the loopback address.

    `answers` says what becomes of the next recipients: a reply, as `550 no`, or `hang` or
    `drop`; when it is empty, all is taken.  `refused` are addresses never taken, `hanging` those
    that never get a reply.  `data_answers` does the same for the mail itself; `lose` takes it and
    drops the connection before the reply.  With `greylists` a recipient's first try is put off.
    It can go away and come back.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, **options: Any) -> None:
        self.mails: list[EmailMessage] = []
        self.greetings: list[str] = []
        self.encrypted: list[bool] = []
        self.answers: list[str] = []
        self.refused: set[str] = set()
        self.hanging: set[str] = set()
        self.data_answers: list[str] = []
        self.greylists = False
        self.senders_refused = False
        self.seen: set[str] = set()
        self.recipients: list[str] = []
        self.hung = 0
        self.port = free_port()
        self._options = options | {"tls_context": tls, "ready_timeout": 20}
        self._controller: Controller | None = None

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        self.greetings.append(hostname)
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):
        if self.senders_refused:
            return "550 not from there"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        answer = self.answers.pop(0) if self.answers else ""
        if answer == "hang" or address in self.hanging:
            self.hung += 1
            await asyncio.sleep(30)
        if self.greylists and address not in self.seen:
            self.seen.add(address)
            return "451 come back later"
        if answer == "drop":
            server.transport.close()
            return "421 bye"
        if answer or address in self.refused:
            return answer or "550 nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        answer = self.data_answers.pop(0) if self.data_answers else ""
        if answer not in {"", "lose"}:
            if answer == "drop":
                server.transport.close()
            return answer
        mail = message_from_bytes(envelope.original_content, policy=policy.default)
        self.encrypted.append(session.ssl is not None)
        self.recipients += envelope.rcpt_tos
        self.mails.append(mail)
        if answer == "lose":
            server.transport.close()
        return "250 OK"

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def codes(self) -> list[str]:
        """Return the codes of all mails, the oldest first."""
        texts = [mail.get_content() for mail in self.mails]
        return [re.findall(r"^\s+(\d{6})\s*$", text, re.MULTILINE)[0] for text in texts]

    def code(self, number: int = 1) -> str:
        """Return the code of the *number*-th mail, once it is there."""
        wait_until(lambda: len(self.mails) >= number)
        return self.codes()[number - 1]

    def come_back(self) -> None:
        """Listen, on the same port as before."""
        self._controller = Controller(self, "127.0.0.1", self.port, **self._options)
        self._controller.start()

    def go_away(self) -> None:
        """Listen no more; whatever is under way breaks off."""
        if its := self._controller:
            self._controller = None
            its.stop()

    def __enter__(self) -> Self:
        self.come_back()
        return self

    def __exit__(self, *_: object) -> None:
        self.go_away()
