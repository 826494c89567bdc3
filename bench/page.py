"""Writes docs/benchmarks.md: each part between its own marks, the rest by hand."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"
PICTURES = ROOT / "docs" / "benchmarks"


def put(page: str, part: str, text: str) -> str:
    """Return *page* with *text* between the marks of *part*, which it must have."""
    begin, end = f"<!-- {part}: written by make bench -->", f"<!-- /{part} -->"
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        message = f"{PAGE.name} has no place for {part}: {begin} … {end}"
        raise SystemExit(message)
    return f"{before}{begin}\n{text.strip()}\n{end}{after}"


def save(part: str, text: str, pictures: dict[str, str]) -> None:
    """Write what one part measured into the page, and its pictures beside it."""
    PAGE.write_text(put(PAGE.read_text("utf-8"), part, text), "utf-8")
    PICTURES.mkdir(exist_ok=True)
    for name, picture in pictures.items():
        (PICTURES / name).write_text(picture, "utf-8")


def provenance(command: str) -> str:
    """Return when, where, from which commit and by which command something was measured."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"],  # noqa: S607 (git is the developer's own)
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    when = f"{datetime.now(UTC):%Y-%m-%d}"
    return f"{when}, commit `{commit or 'unknown'}`, `{command}`, on {machine()}."


def machine() -> str:
    """Return what this machine is, in a few words."""
    said = Path("/proc/cpuinfo").read_text("utf-8") if Path("/proc/cpuinfo").exists() else ""
    model = re.search(r"model name\s*: (.+)", said)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores ({model[1].strip() if model else platform.machine()}),"
        f" {memory:.0f} GiB, Linux {platform.release().partition('-')[0]},"
        f" Python {platform.python_version()}"
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; the first column is text, the others are figures."""
    lines = [list(head), ["---", *["---:"] * (len(head) - 1)], *map(list, rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
