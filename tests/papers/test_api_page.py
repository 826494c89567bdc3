"""docs/api.md and the description that the service gives name the same fields, codes and events."""

import re

from tests.support import described
from tests.support.processes import ROOT

PAGE = (ROOT / "docs" / "api.md").read_text("utf-8")
SAID = set(re.findall(r"[`\"]([\w.-]+)[`\"]", PAGE))
CELLS = {
    name
    for cell in re.findall(r"^\| (`[^|]+) \|", PAGE, re.MULTILINE)
    for name in re.findall(r"`([^`]+)`", cell)
}
"""What stands first in the rows of tables."""
KEYS = {
    key
    for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    for key in re.findall(r'"(\w+)":', block)
}


def described_names():
    """Return the names of all fields, codes and events, and the words that a field can have."""
    fields, words = set(), set()

    def collect(node):
        if isinstance(node, dict):
            if isinstance(node.get("properties"), dict):
                fields.update(node["properties"])
            words.update(node.get("enum", ()))
            if "const" in node:
                words.add(node["const"])
            for inner in node.values():
                collect(inner)
        elif isinstance(node, list):
            for inner in node:
                collect(inner)

    document = described.made()
    collect(document["components"]["schemas"])
    return fields - {"timestamp", "message"}, words | document["webhooks"].keys()


def test_whatever_is_described_stands_in_the_page():
    """`timestamp` and `message` are the webhook's: docs/specs/webhook.md has them."""
    fields, words = described_names()

    assert fields - SAID == set()
    assert {word for word in words if isinstance(word, str)} - SAID - {
        f"already_{state}" for state in ("read", "spent", "recalled", "expired", "locked")
    } == set()


def test_whatever_the_page_names_is_described():
    fields, words = described_names()
    settings = {name for name in CELLS if name.startswith("RESTANTE_")}

    assert len(CELLS) > 60
    assert CELLS - fields - words - settings == set()
    assert KEYS - fields == set()


def test_the_page_and_the_description_know_the_same_operations():
    paths = described.made()["paths"]
    operations = {(method.upper(), path) for path, its in paths.items() for method in its}

    assert set(re.findall(r"^### ([A-Z]+) (/\S+)$", PAGE, re.MULTILINE)) == operations
