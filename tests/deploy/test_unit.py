"""The systemd unit, as systemd's own tools judge it."""

import subprocess
import sys

import pytest

from restante.service import embedded_store
from tests.deploy.proxies import DEPLOY

UNIT = DEPLOY / "restante.service"
EXPOSED_MOST = 20
"""Tenths: 0 is shut away, 100 wide open."""


@pytest.fixture
def analyze(program):
    path = program("systemd-analyze")

    def run(*arguments):
        return subprocess.run([path, *arguments], capture_output=True, text=True, check=False)

    return run


def directives():
    """Return what the unit says, in order; a name may stand several times."""
    lines = (line.strip() for line in UNIT.read_text("utf-8").splitlines())
    return [tuple(line.split("=", 1)) for line in lines if "=" in line and line[0] not in "#;"]


def test_systemd_finds_nothing_wrong_with_the_unit(analyze, tmp_path):
    shipped = UNIT.read_text("utf-8")
    here = tmp_path / UNIT.name
    here.write_text(shipped.replace("/opt/restante/.venv/bin/python", sys.executable))
    found = analyze("verify", "--man=no", str(here))

    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


def test_the_unit_leaves_little_of_the_system_open(analyze):
    found = analyze("security", "--offline=true", f"--threshold={EXPOSED_MOST}", str(UNIT))

    assert found.returncode == 0, found.stdout


def test_the_service_is_not_tried_again_with_wrong_settings_and_has_time_to_stop():
    said = dict(directives())

    assert said["RestartPreventExitStatus"] == "78"
    assert said["KillMode"] == "mixed"
    assert int(said["TimeoutStopSec"]) > 2 * embedded_store.STOP_SECONDS


def test_root_keys_come_as_a_credential_and_no_secret_stands_in_the_unit():
    said = directives()

    assert ("LoadCredential", "root.keys:/etc/restante/root.keys") in said
    assert ("Environment", "RESTANTE_ROOT_KEYS_FILE=%d/root.keys") in said
    assert not [v for _, v in said if v.startswith(("RESTANTE_ROOT_KEYS=", "RESTANTE_REDIS_URL="))]
