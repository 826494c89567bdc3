"""All transports of the worker, for tests that need only some of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restante.channels.transports import Transports
from restante.crypto.keyring import Keyring
from restante.crypto.vapid import VapidKeys
from worker.transports.mail import Mail
from worker.transports.push import Push

if TYPE_CHECKING:
    from restante.channels import transports as protocols

CONTACT = "https://letters.example"


def transports(
    http: protocols.Http, mail: protocols.Mail | None = None, keyring: Keyring | None = None
) -> Transports:
    """Return these transports, and the others as they are without settings."""
    keys = VapidKeys(keyring or Keyring([bytes(range(32))]))
    return Transports(http, mail or Mail(None, None), Push(http, keys, CONTACT))
