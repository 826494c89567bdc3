"""The table of docs/settings.md, made from the declarations of the settings.

python -m tests.support.settings_table        writes the table again
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from restante.settings import DAY, MIB, PREFIX, VARIABLES, Settings
from restante.settings.parsers import ANYONE, MINUTE, Whole

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"
BEGIN = "<!-- from restante/settings/declarations.py: python -m tests.support.settings_table -->\n"
END = "<!-- end -->\n"


def written(value: Any) -> str:
    """Return a setting's value as it is written in the environment; empty for none."""
    match value:
        case bool():
            return "on" if value else "off"
        case _ if value == ANYONE:
            return "anyone"
        case tuple():
            return ",".join(map(str, value))
        case None:
            return ""
    return str(value)


def in_words(value: int, unit: str | None) -> str:
    """Return a large number in a larger unit, in brackets."""
    if unit == "bytes" and value % MIB == 0:
        return f" ({value // MIB} MiB)"
    if unit == "seconds" and value % DAY == 0:
        return f" ({value // DAY} day{'s' if value > DAY else ''})"
    if unit == "seconds" and value % MINUTE == 0 and value > 10 * MINUTE:
        return f" ({value // MINUTE} minutes)"
    return ""


def table() -> str:
    """Return the table as Markdown: a row for each setting, in the order of the declarations."""
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    for name, its in VARIABLES.items():
        value = getattr(Settings(), its.field)
        default = f"`{shown}`" if (shown := written(value)) else "none"
        if isinstance(its.parse, Whole):
            default += in_words(value, its.parse.unit)
        rows.append(f"| `{PREFIX}{name}` | {default} | {its.meaning} |")
    return "\n".join(rows) + "\n"


def page(old: str) -> str:
    """Return the page with the table as it is now."""
    before, _, rest = old.partition(BEGIN)
    return before + BEGIN + table() + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
