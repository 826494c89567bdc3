"""The recipes run as they are; mail is a program that writes down what it gets."""

import re
import subprocess
import sys

import pytest

from tests.support.command import Shell, link_of, sent
from tests.support.processes import ROOT

PAGE = (ROOT / "docs/recipes.md").read_text("utf-8")
SHELL = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
JOBS = re.findall(r"^ +(?:run:|-) \|\n((?: {6,}.*\n)+)", PAGE, re.MULTILINE)


@pytest.fixture
def machine(service, tmp_path):
    """A machine with `restante` and `mail` on it."""
    shell = Shell(tmp_path, service.url)
    tools = tmp_path / "tools"
    tools.mkdir()
    command = f'#!/bin/sh\nexec {sys.executable} -m restante_client.command.main "$@"\n'
    for name, script in (("restante", command), ("mail", f"#!/bin/sh\ncat >>{tmp_path}/mailed\n")):
        (tools / name).write_text(script)
        (tools / name).chmod(0o755)
    shell.env["PATH"] = f"{tools}:{shell.env['PATH']}"
    (tmp_path / "key.txt").write_text("the key of the week\n")
    return shell


def run(machine, script, **env):
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=machine.folder,
                          env=machine.env | env, capture_output=True, text=True, check=False,
                          timeout=60)  # fmt: skip
    assert done.returncode == 0, (script, done.stdout, done.stderr)
    return done.stdout


def test_every_recipe_for_a_shell_runs(machine, program):
    program("curl")
    printed = "".join(run(machine, script) for script in SHELL)
    files = {path.name: path.read_text() for path in machine.folder.glob("*.txt")}

    assert len(SHELL) == 8
    assert "Ana" in printed
    assert files["secret.txt"] == "correct horse battery staple"
    assert "recalled unread" in files["verdict.txt"]
    assert "Nobody opened the key" in (machine.folder / "mailed").read_text()
    assert "/m/L" in (machine.folder / "answer.json").read_text()
    assert "/m/" not in printed


def test_the_recall_of_the_recipe_tells_if_somebody_was_faster(machine):
    answer = sent(machine)
    machine.run("read", stdin=link_of(answer))
    (machine.folder / "id.txt").write_text(answer["id"])
    [script] = [one for one in SHELL if "recall" in one]
    run(machine, script)

    assert not (machine.folder / "mailed").exists()


@pytest.mark.parametrize("job", range(2))
def test_the_scripts_of_the_jobs_run_and_print_no_link_but_to_mask_it(machine, job):
    script = "".join(line[6:] for line in "".join(JOBS[job]).splitlines(keepends=True))
    printed = run(machine, script, PASSWORD="correct horse battery staple")
    link = (machine.folder / "link.txt").read_text()
    shown = re.sub(r"^::add-mask::.*$", "", printed, flags=re.MULTILINE)

    assert len(JOBS) == 2
    assert machine.run("read", stdin=link).out == "correct horse battery staple"
    assert "/m/" not in shown
