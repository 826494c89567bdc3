"""Sizes and times as people read them."""

from __future__ import annotations

from restante_client.command.texts import _

UNITS = ("kB", "MB", "GB", "TB")
STEP, EXACT = 1_000, 10
MINUTE = 60


def size_of(number: int) -> str:
    """Return `1.2 MB`: of ten and more without a decimal, and never more than it is."""
    if number < STEP:
        return _("{n} bytes", n=number)
    power = 1
    while power < len(UNITS) and number >= STEP ** (power + 1):
        power += 1
    tenths = number * 10 // STEP**power
    shown = f"{tenths // 10}.{tenths % 10}" if tenths < EXACT * 10 else str(tenths // 10)
    return f"{shown} {UNITS[power - 1]}"


def clock_of(seconds: float) -> str:
    """Return `1:05` for a minute and five seconds."""
    whole = int(seconds)
    hours, minutes = divmod(whole // MINUTE, MINUTE)
    if hours:
        return f"{hours}:{minutes:02}:{whole % MINUTE:02}"
    return f"{minutes}:{whole % MINUTE:02}"
