"""Constructions that we do not use, each with its reason.  It grows as the prose is mended."""

import re

import pytest

from tests.support.processes import ROOT

BANNED = {
    "themself": "say the name, and that it is not verified",
    "whoever knocked": "a riddle: say visitor",
    "gone round": "say bypassed",
    "What is neither": "an inversion: say what other requests get",
    "too old to go on from": "say expired",
    "the heart": "the field's word is core",
    "The courier": "the field's word is dispatcher",
}
NOT_IN_DOCS = {
    "whoever": "say who: anyone who has it, a visitor, the operator",
    "of ours": "say our, or the product's",
    "nobody may": "say what the program refuses",
    "as far as": "say if, or what is known",
    "he": "people are they",
    "him": "people are they",
    "his": "people are they",
    "deed": "say operation or action; verb is its name",
    "deeds": "say operations or actions",
    "gauged": "say estimated (GeoIP)",
    "withdrawn": "the field's word is revoked; withdraw is only the command",
    "control address": "an address is an IP or mail address: say control URL",
}
"""Whole words, for the docs alone: the code still has some of them."""
DOCS = ("*.md", "docs/*.md", "docs/specs/*.md")
PLACES = ("README.md", "CONTRIBUTING.md", "docs/*.md", "docs/specs/*.md", "templates/**/*.html",
          "restante/**/*.py", "restante/**/*.lua", "webapp/**/*.py", "worker/**/*.py")  # fmt: skip


def found(pattern, places):
    """Return where *pattern* stands, as file and line."""
    return [
        f"{path.relative_to(ROOT)}:{number}"
        for place in places
        for path in ROOT.glob(place)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if re.search(pattern, line, re.IGNORECASE)
    ]


@pytest.mark.parametrize(("words", "why"), BANNED.items())
def test_no_file_has_a_banned_phrase(words, why):
    assert found(re.escape(words), PLACES) == [], why


@pytest.mark.parametrize(("words", "why"), NOT_IN_DOCS.items())
def test_no_page_of_the_docs_has_a_banned_word(words, why):
    """A whole word: not as part of the name of a test or a metric."""
    assert found(rf"(?<!\w){re.escape(words)}(?!\w)", DOCS) == [], why
