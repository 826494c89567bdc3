"""Reasons and errors of a delivery that failed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FailureReason(StrEnum):
    """Why a notification was not delivered, if not because of the receiver's status."""

    ADDRESS_REFUSED = "address-refused"
    """The name resolves to an IP address that is not allowed (SSRF)."""
    NOT_HTTPS = "not-https"
    """http is allowed only within the operator's networks."""
    UNKNOWN_NAME = "unknown-name"
    UNREACHABLE = "unreachable"
    TLS = "tls"
    """The certificate is not valid for the name, or TLS could not be negotiated."""
    DROPPED = "dropped"
    """The connection broke before the response arrived."""
    TIMEOUT = "timeout"
    ROOT_KEY_MISSING = "root-key-missing"
    """The target cannot be decrypted: its root key is not in the keyring."""
    TOO_MANY = "too-many"
    """The daily quota of the mail address is used up."""
    NO_RELAY = "no-relay"
    """A mail is due, but no mail server is set."""
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a delivery stopped before all its events were delivered.

    Attributes:
        word: For the operator: a status, or a FailureReason; never a URL or a mail address.
        final: The receiver wants no further tries.
        retry_after: Seconds of the receiver's Retry-After header.
        alone: It says nothing about other deliveries to the same receiver.
    """

    word: str
    final: bool = False
    retry_after: int = 0
    alone: bool = False


class Refused(Exception):
    """The receiver refused this notification for good; the next one may be accepted."""

    def __init__(self, word: str) -> None:
        super().__init__()
        self.word = word


class Ended(Refused):
    """The receiver is no more: nothing is sent there again."""


class DeliveryFailed(Exception):
    """The receiver did not accept a notification."""

    def __init__(self, failure: Failure) -> None:
        super().__init__()
        self.failure = failure


def failed(
    word: str, *, final: bool = False, retry_after: int = 0, alone: bool = False
) -> DeliveryFailed:
    """Return the error; *word* tells the operator why, without a URL or a mail address."""
    return DeliveryFailed(Failure(word, final, retry_after, alone))
