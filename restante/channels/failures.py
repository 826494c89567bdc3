"""Reasons and errors of a delivery that failed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FailureReason(StrEnum):
    """Why a notification was not taken, where the receiver's answer does not say it."""

    ADDRESS_REFUSED = "address-refused"
    """The name leads, at least in part, to where no notification may go."""
    NOT_HTTPS = "not-https"
    """http leads out of our own networks."""
    UNKNOWN_NAME = "unknown-name"
    UNREACHABLE = "unreachable"
    TLS = "tls"
    """Its certificate does not prove the name, or no encryption was agreed on."""
    DROPPED = "dropped"
    """The connection broke before the answer was there."""
    TIMEOUT = "timeout"
    ROOT_KEY_MISSING = "root-key-missing"
    """The box with the target was closed under a root key that is not in the ring."""
    TOO_MANY = "too-many"
    """The quota of the address is used up for today."""
    NO_RELAY = "no-relay"
    """Mail is to go out, but no mail server is set."""
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a delivery ended before its end.

    Attributes:
        word: For the operator: an HTTP status, or a FailureReason; never an address.
        final: The receiver wants no more of it.
        retry_after: Seconds for which the receiver asked to be left alone.
    """

    word: str
    final: bool = False
    retry_after: int = 0


class Refused(Exception):
    """The receiver refused this notification for good; the next one may go well."""

    def __init__(self, word: str) -> None:
        super().__init__()
        self.word = word


class DeliveryFailed(Exception):
    """The receiver did not take a notification."""

    def __init__(self, failure: Failure) -> None:
        super().__init__()
        self.failure = failure


def failed(word: str, *, final: bool = False, retry_after: int = 0) -> DeliveryFailed:
    """Return the error; *word* tells the operator why and has no address in it."""
    return DeliveryFailed(Failure(word, final, retry_after))
