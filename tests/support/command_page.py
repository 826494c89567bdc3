"""Makes docs/command.md of the help texts of the client's command.

`python -m tests.support.command_page` compares, with `write` behind it it writes.
"""

from __future__ import annotations

import sys

import click

from restante_client.command.group import restante
from tests.support.processes import ROOT

PAGE = ROOT / "docs/command.md"
MARK = "## restante\n"
"""What is behind this is made; what is before it is written by hand."""
WIDTH = 96
ORDER = (
    *(
        "send",
        "list",
        "status",
        "watch",
        "recall",
        "take-out",
        "replace",
        "extend",
        "rules",
        "pause",
    ),
    *("resume", "forget", "test-event", "read", "completion"),
)


def made() -> str:
    """Return the page."""
    names = ["-h", "--help"]
    context = click.Context(
        restante, info_name="restante", terminal_width=WIDTH, help_option_names=names
    )
    assert set(ORDER) == set(restante.commands)
    by_hand = PAGE.read_text("utf-8").partition(MARK)[0]
    parts = [by_hand, _part("restante", restante.get_help(context))]
    for name in ORDER:
        command = restante.commands[name]
        inner = click.Context(command, context, name, terminal_width=WIDTH)
        parts.append(_part(f"restante {name}", command.get_help(inner)))
    return "".join(parts).rstrip() + "\n"


def _part(name: str, text: str) -> str:
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return f"## {name}\n\n```text\n{lines}\n```\n\n"


if __name__ == "__main__":
    if sys.argv[1:] == ["write"]:
        PAGE.write_text(made(), "utf-8")
    sys.exit(PAGE.read_text("utf-8") != made())
