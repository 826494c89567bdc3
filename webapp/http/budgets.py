"""The daily quota of a network: messages and bytes, counted once nothing is at fault.

The counters have a script of their own, not the rate limits': messages and bytes count together
or not at all, in one round trip, which also tells when the day ends.
"""

from __future__ import annotations

from restante.messages import SECOND
from webapp.http.errors import BudgetSpent
from webapp.http.rate_limits import network_id
from webapp.http.request import services, settings


def afford(size: int) -> None:
    """Count one message of *size* bytes for the visitor's network.

    Raises:
        BudgetSpent: The day's budget has no room for it; nothing is counted.
        Unavailable: The store cannot count now.
    """
    if settings().rate_limits and (left := services().budgets.afford(network_id(), size)):
        if meters := services().meters:
            meters.refused("budget")
        raise BudgetSpent(-(-left // SECOND))
