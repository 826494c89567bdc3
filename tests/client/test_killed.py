"""The command is killed at one line after the other of what it does, and started again."""

import json
import subprocess
import sys

import pytest

from tests.client.conftest import TEXT
from tests.support.command import Shell
from tests.support.processes import ROOT

SOME, FEW = 25, 75
"""Every 25th line, with files every 75th; `make endurance` kills at each."""
EACH = pytest.param(1, marks=pytest.mark.endurance)


def sweep(what, service, folder, step):
    """Return what happened for each line at which the command was killed."""
    env = Shell(folder, service.url).env | {"PYTHONPATH": f"{ROOT / 'client'}:{ROOT}"}
    words = ["-m", "tests.client.killed", what, service.url, str(folder), str(step)]
    done = subprocess.run([sys.executable, *words], env=env, capture_output=True, text=True,
                          check=False, timeout=3_000)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("what", ["read", "file"])
@pytest.mark.parametrize("step", [SOME, EACH])
def test_wherever_a_read_is_killed_the_text_comes_and_one_view_is_spent(
    service, tmp_path, step, what
):
    """Three views were left.  Only when all was done, a second start is another reading."""
    came = sweep(what, service, tmp_path, step)
    killed = [one for one in came if not one["is_done"]]

    assert len(killed) > 200 / step
    assert [one for one in came if TEXT not in {one["before"], one["after"]}] == []
    assert [one for one in killed if one["reveals"] != 1] == []
    assert len([one for one in killed if one["after"]]) > 100 / step
    assert len([one for one in killed if one["before"]]) > 50 / step


@pytest.mark.parametrize("step", [FEW, EACH])
def test_wherever_a_read_is_killed_its_file_is_saved_once(service, tmp_path, step):
    """Whole, under its own name, and no part of it is left."""
    came = sweep("saved", service, tmp_path, step)
    killed = [one for one in came if not one["is_done"]]

    assert len(killed) > 300 / step
    assert [one for one in killed if one["saved"] != {"a.txt": True}] == []
    assert [one for one in killed if one["reveals"] != 1] == []
    assert [one for one in came if TEXT not in {one["before"], one["after"]}] == []


@pytest.mark.parametrize(("what", "step"), [
    ("send", SOME), ("attached", FEW),
    pytest.param("send", 1, marks=pytest.mark.endurance),
    pytest.param("attached", 1, marks=pytest.mark.endurance),
])  # fmt: skip
def test_wherever_a_send_is_killed_the_same_again_is_one_message(service, tmp_path, what, step):
    came = sweep(what, service, tmp_path, step)
    killed = [one for one in came if not one["is_done"]]

    assert len(killed) > 200 / step
    assert [one for one in killed if len(one["links"]) != 1 or one["kept"] != 1] == []
