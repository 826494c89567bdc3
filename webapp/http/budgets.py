"""The daily quota of a network: messages and bytes, counted once the request is valid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from webapp.http import rate_limits
from webapp.http.request import services, settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from restante.messages import Draft


def afford(size: int) -> None:
    """Count one message of *size* bytes for the visitor's network, with the script that stores it.

    Raises:
        BudgetSpent: It exceeds the daily quota; nothing is counted.
        Unavailable: The store cannot count now.
    """
    if settings().rate_limits:
        rate_limits.charge(services().budgets.counter(rate_limits.network_id(), size))


def afford_upload(size: int) -> None:
    """Count one upload of *size* bytes for the visitor's network, with the script that begins it.

    Raises:
        BudgetSpent: It exceeds the daily quota.
        Unavailable: The store cannot count now.
    """
    if settings().rate_limits:
        its, network = services().budgets, rate_limits.network_id()
        if size:
            rate_limits.charge(its.file_bytes(network, size))
        rate_limits.charge(its.upload(network))


def afford_bytes(size: int) -> None:
    """Count *size* bytes of a file that have come for the visitor's network, now.

    Raises:
        BudgetSpent: They exceed the daily quota.
        Unavailable: The store cannot count now.
    """
    if settings().rate_limits:
        rate_limits.charge(services().budgets.file_bytes(rate_limits.network_id(), size))
        rate_limits.settle()


def affording(draft: Draft) -> Callable[[int], None]:
    """Return what counts this draft: also its notifications by mail, and the browser it tells."""

    def afford_all(size: int) -> None:
        afford(size)
        if draft.notice:
            afford_daily("notices")
        if draft.push:
            afford_daily("pushes")

    return afford_all


def afford_notices() -> None:
    """Count one message that wants notifications by mail: see `afford_daily`."""
    afford_daily("notices")


def afford_daily(name: str) -> None:
    """Count one of the `notices`, `pushes` or `tests` of the visitor's network.

    Raises:
        BudgetSpent: It exceeds the daily quota.
        Unavailable: The store cannot count now.
    """
    if settings().rate_limits:
        rate_limits.charge(services().budgets.daily(rate_limits.network_id(), name))
