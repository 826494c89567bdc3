"""The daily quota of a network: messages and bytes, counted once the request is valid."""

from __future__ import annotations

from webapp.http import rate_limits
from webapp.http.request import services, settings


def afford(size: int) -> None:
    """Count one message of *size* bytes for the visitor's network, with the script that stores it.

    Raises:
        BudgetSpent: It exceeds the daily quota; nothing is counted.
        Unavailable: The store cannot count now.
    """
    if settings().rate_limits:
        rate_limits.charge(services().budgets.counter(rate_limits.network_id(), size))
