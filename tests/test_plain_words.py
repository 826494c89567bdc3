"""Constructions that we do not use, each with its reason.  It grows as the prose is mended."""

import pytest

from tests.processes import ROOT

BANNED = {
    "themself": "say the name, and that it is not verified",
    "whoever knocked": "a riddle: say visitor",
    "gone round": "say bypassed",
    "What is neither": "an inversion: say what other requests get",
    "too old to go on from": "say expired",
    "the heart": "the field's word is core",
    "The courier": "the field's word is dispatcher",
}
PLACES = ("README.md", "CONTRIBUTING.md", "docs/*.md", "docs/specs/*.md", "templates/**/*.html",
          "restante/**/*.py", "restante/**/*.lua", "webapp/**/*.py", "worker/**/*.py")  # fmt: skip


@pytest.mark.parametrize(("words", "why"), BANNED.items())
def test_no_file_has_a_banned_phrase(words, why):
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for place in PLACES
        for path in ROOT.glob(place)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if words.lower() in line.lower()
    ]

    assert found == [], why
