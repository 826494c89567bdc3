"""`keys make`: one more root key, and never one less."""

import os
import stat
import subprocess
import sys

from restante.crypto.keyring import Keyring, new_key
from tests.commands.test_commands import run
from tests.support.processes import ROOT


def test_a_key_is_all_that_is_printed():
    done = run({}, "keys", "make")

    assert done.returncode == 0
    assert Keyring.parse(done.stdout.strip())
    assert "RESTANTE_ROOT_KEYS_FILE" in done.stderr
    assert done.stdout != run({}, "keys", "make").stdout


def test_a_key_goes_into_a_new_file_for_its_owner_alone(tmp_path):
    path = tmp_path / "ring"
    done = run({}, "keys", "make", "--into", str(path))

    assert done.returncode == 0
    assert done.stdout == ""
    assert path.read_text().strip() not in done.stderr
    assert Keyring.parse(path.read_text().strip())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_key_goes_in_front_of_the_ring(tmp_path):
    path, old = tmp_path / "ring", [new_key(), new_key()]
    path.write_text(f"{old[0]}, {old[1]}\n")
    path.chmod(0o644)
    run({}, "keys", "make", "--into", str(path))

    written = path.read_text().strip().split(",")
    assert written[1:] == old
    assert len(Keyring.parse(path.read_text().strip()).ids) == 3
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_relative_path_starts_at_the_working_directory(tmp_path):
    (tmp_path / "real").write_text(new_key())
    (tmp_path / "ring").symlink_to("real")
    done = subprocess.run(
        [sys.executable, "-m", "restante", "keys", "make", "--into", "ring"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=False,
    )

    assert done.returncode == 0
    assert (tmp_path / "ring").is_symlink()
    assert len(Keyring.parse((tmp_path / "real").read_text().strip()).ids) == 2


def test_a_file_that_is_no_keyring_stays_unchanged(tmp_path):
    path = tmp_path / "notes"
    path.write_text("my shopping")
    done = run({}, "keys", "make", "--into", str(path))

    assert done.returncode == os.EX_CONFIG
    assert "it was not changed" in done.stderr
    assert "shopping" not in done.stderr
    assert path.read_text() == "my shopping"


def test_a_file_that_cannot_be_made_is_told_in_plain_words(tmp_path):
    done = run({}, "keys", "make", "--into", str(tmp_path / "nowhere" / "ring"))

    assert done.returncode == os.EX_CANTCREAT
    assert "No such file or directory" in done.stderr


def test_of_keys_made_at_once_none_is_lost(tmp_path):
    path = tmp_path / "ring"
    command = [sys.executable, "-m", "restante", "keys", "make", "--into", str(path)]
    at_once = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) for _ in range(6)]

    assert [process.wait(60) for process in at_once] == [0] * 6
    assert len(Keyring.parse(path.read_text().strip()).ids) == 6
