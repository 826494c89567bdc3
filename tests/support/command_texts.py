"""The texts of the client's command, from its source.

`python -m tests.support.command_texts` lists those that have no Spanish yet.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from restante_client.command.spanish import TEXTS
from tests.support.processes import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = ROOT / "client/restante_client/command"
TAKES_A_TEXT = {"_", "help_of"}


def texts() -> list[str]:
    """Return every text that the command can say, in the order of its modules."""
    found: dict[str, None] = {}
    for path in sorted(FOLDER.glob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        constants = dict(_constants(tree))
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Name(id=name), args=[first, *_]) if name in TAKES_A_TEXT:
                    if text := _text(first, constants):
                        found[text] = None
    return list(found)


def _constants(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(text))):
                yield name, text


def _text(node: ast.expr, constants: dict[str, str]) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Name):
        return constants.get(node.id)
    return None


if __name__ == "__main__":
    for text in texts():
        if text.partition("\n")[0] not in TEXTS:
            print(repr(text))
