"""The daily quota of a network: messages and bytes, counted once the request is valid.

It does not use the counters of the rate limits, since messages and bytes must count together or
not at all, in one round trip that also returns when the day ends.
"""

from __future__ import annotations

from restante.messages import SECOND
from webapp.http.errors import BudgetSpent
from webapp.http.rate_limits import network_id
from webapp.http.request import services, settings


def afford(size: int) -> None:
    """Count one message of *size* bytes for the visitor's network.

    Raises:
        BudgetSpent: It exceeds the daily quota; nothing is counted.
        Unavailable: The store cannot count now.
    """
    if settings().rate_limits and (left := services().budgets.afford(network_id(), size)):
        if meters := services().meters:
            meters.refused("budget")
        raise BudgetSpent(-(-left // SECOND))
