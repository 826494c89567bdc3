"""Durations as people write them: 90, 15m, 12h, 7d, 2w."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from restante_client.command.texts import _

UNITS = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


if TYPE_CHECKING:
    Base = click.ParamType[int]
else:
    Base = click.ParamType


class Duration(Base):
    """A number of seconds, or a number with one of the units s, m, h, d, w."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"([0-9]{1,9})([smhdw]?)", str(value).strip().lower())
        if not found:
            self.fail(_("write a number of seconds, or 15m, 12h, 7d, 2w"), param, ctx)
        return int(found[1]) * UNITS[found[2]]


class RuleTime(Duration):
    """A duration, or `off`, which removes a rule."""

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        return 0 if value == "off" else super().convert(value, param, ctx)
