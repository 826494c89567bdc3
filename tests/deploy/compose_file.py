"""Reads the little of YAML that deploy/compose.yaml is written in.

Maps and lists by indentation, lists in brackets, plain and quoted words; anything else is an
error.  docker-compose itself checks that the file means what it says.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

QUOTED = re.compile(r"""^(?:"([^"\\]*)"|'([^']*)')$""")


def read(path: Path) -> dict[str, Any]:
    """Return what the file says.

    Raises:
        ValueError: A line is written in a way that is not known here.
    """
    rows = [
        (len(line) - len(line.lstrip()), line.strip())
        for line in path.read_text("utf-8").splitlines()
        if line.strip() and not line.lstrip().startswith("#")
    ]
    said = _block(rows)
    assert isinstance(said, dict)
    return said


def _block(rows: list[tuple[int, str]]) -> Any:
    depth = rows[0][0]
    if rows[0][1].startswith("- "):
        if any(at != depth or not row.startswith("- ") for at, row in rows):
            message = "a list has words only"
            raise ValueError(message)
        return [_word(row.removeprefix("- ")) for _, row in rows]
    said: dict[str, Any] = {}
    starts = [n for n, (at, _) in enumerate(rows) if at == depth]
    for start, stop in zip(starts, [*starts[1:], len(rows)], strict=True):
        name, colon, value = rows[start][1].partition(":")
        below = rows[start + 1 : stop]
        if not colon or name in said or bool(value) == bool(below):
            message = f"not known how to read: {rows[start][1]}"
            raise ValueError(message)
        said[name] = _block(below) if below else _value(value.strip())
    return said


def _value(written: str) -> Any:
    if written == "{}":
        return {}
    if written.startswith("["):
        return [_word(word) for word in written.strip("[]").split(", ")]
    return {"true": True, "false": False}.get(written, _word(written))


def _word(written: str) -> str:
    if quoted := QUOTED.match(written):
        return quoted[1] if quoted[1] is not None else quoted[2]
    if written.startswith(("&", "*", "!", "|", ">", '"', "'")):
        message = f"not known how to read: {written}"
        raise ValueError(message)
    return written
