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
NOT_IN_CODE = {
    "whoever": NOT_IN_DOCS["whoever"],
    "of ours": NOT_IN_DOCS["of ours"],
    "nobody may": NOT_IN_DOCS["nobody may"],
    "as far as": NOT_IN_DOCS["as far as"],
    "he": NOT_IN_DOCS["he"],
    "him": NOT_IN_DOCS["him"],
    "his": NOT_IN_DOCS["his"],
    "gauged": NOT_IN_DOCS["gauged"],
    "nonces": "the reader's credential is a reader key; AES-GCM uses one nonce at a time",
    "out of its box": "say decrypted",
    "costs nobody": "say when it is imported, or what it costs",
    "honest answer": "say true result",
    "answers as an unknown one": "say that both look alike",
    "by its browser's word": "say as the browser reports it",
}
"""Whole words, for comments, docstrings and texts in code; visible texts of pages are exempt."""
CODE = ("restante/**/*.py", "restante/**/*.lua", "webapp/**/*.py", "webapp/static/*.js",
        "webapp/static/*.css", "worker/**/*.py", "bench/*.py", "tests/**/*.py", "Makefile",
        ".ci/run", "gunicorn.conf.py", "deploy/*")  # fmt: skip
VISIBLE = re.compile(r"gettext\(|^\s+f?\"(?!\")|^\s+default \"")
"""A line of a text that people see on a page or in a mail."""
DOCS = ("*.md", "docs/*.md", "docs/specs/*.md")
PLACES = ("README.md", "CONTRIBUTING.md", "docs/*.md", "docs/specs/*.md", "templates/**/*.html",
          "restante/**/*.py", "restante/**/*.lua", "webapp/**/*.py", "worker/**/*.py")  # fmt: skip


def found(pattern, places, but=None):
    """Return the places of *pattern* as file and line, without lines that match *but*."""
    return [
        f"{path.relative_to(ROOT)}:{number}"
        for place in places
        for path in ROOT.glob(place)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if re.search(pattern, line, re.IGNORECASE) and not (but and but.search(line))
    ]


@pytest.mark.parametrize(("words", "why"), BANNED.items())
def test_no_file_has_a_banned_phrase(words, why):
    assert found(re.escape(words), PLACES) == [], why


@pytest.mark.parametrize(("words", "why"), NOT_IN_DOCS.items())
def test_no_page_of_the_docs_has_a_banned_word(words, why):
    """A whole word: not as part of the name of a test or a metric."""
    assert found(rf"(?<!\w){re.escape(words)}(?!\w)", DOCS) == [], why


@pytest.mark.parametrize(("words", "why"), NOT_IN_CODE.items())
def test_no_comment_or_docstring_has_a_banned_word(words, why):
    assert found(rf"(?<!\w){re.escape(words)}(?!\w)", CODE, VISIBLE) == [], why
