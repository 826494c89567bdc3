"""The security papers cite what exists, and leave nothing of the standard out."""

import re
from collections import Counter
from pathlib import Path

import pytest

from webapp.http.request import COOKIES

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("SECURITY.md", "docs/asvs.md", "docs/privacy.md", "docs/threat-model.md")
FOLDERS = "restante|webapp|worker|templates|translations|tests|docs|bench|deploy"
TESTS = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
VERDICTS = {"holds", "in part", "does not hold", "not applicable", "operator's", "to show"}

REQUIREMENTS = {
    1: (2, 9, 11, 3, 2),
    2: (3, 3, 4, 1),
    3: (0, 2, 4, 6, 5, 0, 2),
    4: (3, 1, 2, 4),
    5: (1, 3, 2, 3),
    6: (3, 12, 4, 4, 5, 3, 0, 4),
    7: (3, 4, 2, 5, 2, 2),
    8: (2, 3, 1, 1),
    9: (3, 4),
    10: (2, 2, 4, 11, 5, 2, 3),
    11: (2, 3, 3, 4, 1, 1),
    12: (3, 2, 4),
    13: (1, 5, 2, 5),
    14: (2, 4, 3),
    15: (3, 3, 7),
    16: (1, 5, 4, 3, 3),
    17: (1, 4, 2),
}
"""Of levels 1 and 2 of ASVS 5.0.0, by chapter and section: always the first ones."""


def rows():
    """Return number, level, words, verdict and evidence of each row about the standard."""
    asvs = (ROOT / "docs" / "asvs.md").read_text("utf-8")
    lines = re.findall(r"^\| (V\d.*) \|$", asvs, re.MULTILINE)
    return [line.split(" | ") for line in lines]


def numbers(written):
    """Return the requirements that `V1.2.6–V1.2.8` or `V1.2.6` stands for."""
    first, _, last = written.partition("–")
    section, _, begin = first.rpartition(".")
    same, _, end = (last or first).rpartition(".")
    assert same == section
    return [f"{section}.{n}" for n in range(int(begin), int(end) + 1)]


@pytest.mark.parametrize("name", NAMES)
def test_what_a_security_paper_cites_exists(name):
    paper = (ROOT / name).read_text("utf-8")
    tests = re.findall(r"`(test_\w+)`", paper)
    paths = re.findall(rf"`((?:{FOLDERS})/[\w./-]+|[\w.-]+\.(?:md|toml|lock))`", paper)

    assert tests or paths
    assert [test for test in tests if f"def {test}(" not in TESTS] == []
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_requirement_of_levels_one_and_two_has_one_row():
    wanted = [
        f"V{chapter}.{section}.{n}"
        for chapter, sections in REQUIREMENTS.items()
        for section, many in enumerate(sections, start=1)
        for n in range(1, many + 1)
    ]
    found = Counter(number for row in rows() for number in numbers(row[0]))

    assert len(wanted) == 253
    assert found == Counter(wanted)


def test_every_requirement_has_a_verdict_and_a_reason():
    assert [row[0] for row in rows() if len(row) != 5 or row[3] not in VERDICTS] == []
    assert [row[0] for row in rows() if len(row[4]) < 4] == []


@pytest.mark.parametrize("paper", ["docs/threat-model.md", "docs/privacy.md"])
@pytest.mark.parametrize("cookie", COOKIES)
def test_every_cookie_has_its_row(paper, cookie):
    """Nothing else can be set: the type of a cookie's name knows no others."""
    rows = [line for line in (ROOT / paper).read_text("utf-8").splitlines() if line[:2] == "| "]

    assert [row for row in rows if re.match(rf"\| (cookie )?`{cookie}`", row)]
