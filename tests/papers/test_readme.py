"""The documents agree with the code, where a test can check it."""

import os
import re
from pathlib import Path

import pytest

from restante.commands.exit_codes import STATUS as EXITS
from restante.commands.group import COMMANDS, HELP
from restante.settings import PREFIX, VARIABLES, Settings
from tests.support import settings_table
from webapp.http.errors import STATUS

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
SETTINGS = (ROOT / "docs" / "settings.md").read_text("utf-8")
API = (ROOT / "docs" / "api.md").read_text("utf-8")
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text("utf-8")
CI = (ROOT / ".ci" / "run").read_text("utf-8")
PAPERS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("0*.md"))
PARTS = ["Context.", "Decision.", "We lose", "We gain", "Guarded by"]


def lines(pattern, paper):
    """Return what *pattern* finds, `^` and `$` being the ends of a line."""
    return re.findall(pattern, paper, re.MULTILINE)


def test_the_table_of_settings_is_what_their_declarations_give():
    assert settings_table.page(SETTINGS) == SETTINGS, "run python -m tests.support.settings_table"


@pytest.mark.parametrize("name", VARIABLES)
def test_the_table_gives_each_setting_its_default_and_a_meaning(name):
    [(default, meaning)] = lines(rf"^\| `{PREFIX}{name}` \| (.+) \| (.+) \|$", SETTINGS)
    its = VARIABLES[name]

    assert meaning == its.meaning
    if default == "none":
        assert getattr(Settings(), its.field) in {None, ()}
    else:
        assert its.parse(re.match("`([^`]+)`", default)[1]) == getattr(Settings(), its.field)


def test_the_page_names_every_command():
    part = SETTINGS.partition("## Commands")[2].partition("\n## ")[0]
    rows = lines(r"^\| `(\w+)", part)

    assert set(rows) == set(COMMANDS)


def test_the_page_and_the_help_name_the_exit_statuses_that_commands_have():
    """Except for our own bugs (70) and Ctrl-C (130)."""
    told = set(lines(r"Exit status: (0;.*(?:\n.+)*)", SETTINGS)[0].split())
    statuses = {str(status) for status in EXITS.values()} - {str(os.EX_SOFTWARE), "130"}

    assert statuses <= told
    assert statuses <= set(HELP.split())


def test_root_keys_are_not_made_with_the_short_command_of_the_unit():
    """It runs as the service's user, to whom root's folder is shut and the system read-only."""
    operations = (ROOT / "docs" / "operations.md").read_text("utf-8")

    assert lines(r"(?<!-m )restante keys make --into", operations) == []


def test_the_commands_of_the_readme_are_those_of_the_makefile_and_of_ci():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    commands = lines(r"^make (\w+)  ", README)

    assert commands == ["run", "test"]
    assert all(lines(rf"^{command}:", makefile) for command in commands)
    assert "`BROWSER=required PROGRAMS=required make test`, which CI runs" in README
    assert lines(r"^BROWSER=required PROGRAMS=required make test\b", CI)


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: str(paper.relative_to(ROOT)))
def test_every_link_to_a_file_leads_somewhere(paper):
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", paper.read_text("utf-8"))

    assert [target for target in targets if not (paper.parent / target).exists()] == []


def test_the_api_paper_names_every_address():
    folder = ROOT / "webapp" / "api"
    source = "".join(
        (folder / f"{name}.py").read_text("utf-8")
        for name in ("messages", "notifying", "links", "uploads", "files")
    )
    routes = lines(r'^@bp\.(get|post|patch|put|delete)\("([^"]+)"', source)

    assert lines(r"^### ([A-Z]+ /\S+)$", API) == [
        f"{how.upper()} {path.replace('<int:number>', '{number}')}" for how, path in routes
    ]


def test_the_api_paper_names_every_problem():
    told = lines(r"^\| `([\w-]+)` \| (\d{3}) \|", API)
    known = {(kind.code, str(status)) for kind, status in STATUS.items()}

    # Nothing is served with wrong settings, and a watched link asks only who comes by the gate.
    assert set(told) == known - {("settings-invalid", "500"), ("watched", "409")}


def test_the_api_paper_names_every_event():
    folder = ROOT / "restante" / "store" / "scripts"
    scripts = "".join(path.read_text("utf-8") for path in folder.rglob("*.lua"))
    looks = {"link.fetched", "link.reread"}
    recorded = set(re.findall(r'"((?:message|link)\.[a-z_]+)"', scripts)) - looks

    assert set(lines(r"^\| `((?:message|link)\.\w+)` \|", API)) == recorded


def test_the_glossary_names_every_script():
    folder = ROOT / "restante" / "store" / "scripts"
    scripts = {path.name for path in folder.glob("*.lua")}

    assert set(re.findall(r"`(\w+\.lua)`", GLOSSARY)) == scripts


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda decision: decision.stem)
def test_every_decision_is_whole_and_its_guards_exist(decision):
    text = decision.read_text("utf-8")
    tests = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    guards = re.findall(r"\btest_\w+", text.partition("Guarded by")[2])

    assert text.startswith(f"# {int(decision.stem[:4])}. ")
    assert [part for part in PARTS if f"\n{part}" not in text] == []
    assert guards
    assert [guard for guard in guards if f"def {guard}(" not in tests] == []


def test_the_index_names_every_decision_by_its_title():
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text("utf-8")
    titles = {
        path.name: re.match(r"# \d+\. (.*)", path.read_text("utf-8"))[1]
        for path in folder.glob("0*.md")
    }

    assert {
        name: title
        for title, name in re.findall(r"^- \d+\. \[(.*)\]\((.*)\)$", index, re.MULTILINE)
    } == titles


def test_no_page_of_another_place_is_cited():
    """What is not in the repository cannot be read by who has it."""
    cited = [
        path
        for path in (
            *(ROOT / "docs").rglob("*.md"),
            *ROOT.glob("*.md"),
            *(ROOT / "tests").rglob("*.py"),
        )
        if path.name != "test_readme.py" and "DESIGN" + ".md" in path.read_text("utf-8")
    ]

    assert cited == []


def test_the_readme_is_read_in_one_sitting():
    assert len(README.splitlines()) < 120
