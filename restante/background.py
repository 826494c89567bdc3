"""Work that goes on while its caller does something else, if the process can do that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Result = Callable[[], Any]
"""Waits for the work; returns what it returned, or raises what it raised."""
Background = Callable[[Callable[[], Any]], Result]
"""Begins some work.  The caller waits for it, also after an error of its own."""


def at_once(work: Callable[[], Any]) -> Result:
    """Do the work before returning: the `background` of processes where nothing else waits."""
    found = work()
    return lambda: found
