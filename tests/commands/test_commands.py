"""`python -m restante …`: what each command is for, how it ends, and which store it opens."""

import os
import subprocess
import sys
import time

import pytest

from restante.commands.exit_codes import STATUS
from restante.commands.group import COMMANDS
from restante.crypto import keyring
from restante.errors import RestanteError
from restante.service.data_folder import root_keys_file, take
from restante.service.embedded_store import EmbeddedStore
from restante.settings import MIB
from tests.support.processes import ROOT, Service, finished, free_port


def run(env, *arguments, module="restante"):
    """Run a command to its end; whatever happens, it shows no traceback."""
    done = finished([sys.executable, "-m", module, *arguments], env)
    assert "Traceback" not in done.stdout + done.stderr
    return done


def use_house(env, text=""):
    """Send *text* through a house of its own, or return the states of what CONTROL sent."""
    done = run(env, *([text] if text else []), module="tests.support.house_command")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.strip()


def refused_house(env):
    """Return the status and the words of a command whose store cannot be had."""
    done = run(env, "hello", module="tests.support.house_command")
    assert done.stdout == ""
    return done.returncode, done.stderr


def folder_of(data_dir):
    """Make a data folder as a service leaves it."""
    store = EmbeddedStore(data_dir, 64 * MIB, "disk")
    store.lock()
    root_keys_file(data_dir)
    store.start()
    store.stop()
    return {"RESTANTE_DATA_DIR": str(data_dir)}


def descendants(error):
    yield error
    for kind in error.__subclasses__():
        yield from descendants(kind)


def test_every_error_has_an_exit_status():
    ours = [kind for kind in descendants(RestanteError) if kind.__module__ == "restante.errors"]

    assert [kind for kind in ours if kind is not RestanteError and kind not in STATUS] == []


@pytest.mark.parametrize("words", [[], *([name] for name in COMMANDS), ["keys", "make"]], ids=str)
def test_help_says_what_a_command_is_for(words):
    done = run({"RESTANTE_LEASE": "wrong"}, *words, "--help")

    assert done.returncode == 0
    assert done.stdout.startswith(f"Usage: {' '.join(['python -m restante', *words])} ")
    assert done.stderr == ""


def test_the_first_help_names_every_command_with_a_sentence():
    listed = run({}, "--help").stdout.partition("Commands:\n")[2].splitlines()

    assert [line.split()[0] for line in listed] == list(COMMANDS)
    assert all(len(line.split()) > 3 for line in listed)


@pytest.mark.parametrize("words", [[], ["keys"], ["senders"], ["deliveries"]], ids=str)
def test_no_command_is_listed_with_half_a_sentence(words):
    listed = run({}, *words, "--help").stdout.partition("Commands:\n")[2].splitlines()

    assert [line for line in listed if not line.endswith(".") or line.endswith("...")] == []


@pytest.mark.parametrize("words", [["serf"], ["serve", "now"], ["--bind", "x"]], ids=str)
def test_an_unknown_command_is_a_usage_error(words):
    done = run({}, *words)

    assert done.returncode == os.EX_USAGE
    assert "--help" in done.stderr


def test_serving_with_the_embedded_store_loads_no_client_of_it(tmp_path):
    """It takes a third of a second, and nobody needs it."""
    script = (
        "import sys; from restante.commands import group, serve\n"
        "print([name for name in ('redis', 'flask', 'prometheus_client', 'cryptography.x509',"
        " 'httpx') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout == "[]\n"


def test_a_command_uses_the_running_services_store(tmp_path):
    with Service(tmp_path) as service:
        env = {"RESTANTE_DATA_DIR": str(service.data_dir)}
        control = use_house(env, "hello")

        assert use_house(env | {"CONTROL": control}) == "sealed"


def test_a_command_finds_the_running_services_store_at_a_long_path(tmp_path):
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    with Service(folder) as service:
        assert (service.data_dir / "store.sock").is_symlink()
        assert use_house({"RESTANTE_DATA_DIR": str(service.data_dir)}, "hello")


def test_without_a_service_the_store_is_started_and_keeps_what_was_done(tmp_path):
    env = folder_of(tmp_path / "data")
    control = use_house(env, "hello")

    assert not (tmp_path / "data" / "store.sock").exists()
    assert use_house(env | {"CONTROL": control}) == "sealed"


def test_a_service_that_is_starting_is_waited_for(tmp_path):
    """It has the folder before its store answers."""
    env = folder_of(tmp_path / "data")
    lock = take(tmp_path / "data")
    done = subprocess.Popen(
        [sys.executable, "-m", "tests.support.house_command", "hello"],
        cwd=ROOT,
        env=os.environ | env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        time.sleep(3)
        assert done.poll() is None
    finally:
        os.close(lock)
        said, _ = done.communicate(timeout=30)

    assert done.returncode == 0, said


def test_a_command_makes_no_data_folder_and_no_root_keys(tmp_path):
    env = {"RESTANTE_DATA_DIR": str(tmp_path / "data")}
    status, said = refused_house(env)

    assert status == os.EX_UNAVAILABLE
    assert "there is no data folder" in said
    (tmp_path / "data").mkdir(mode=0o700)
    status, said = refused_house(env)
    assert status == os.EX_UNAVAILABLE
    assert "there are no root keys" in said
    assert list((tmp_path / "data").iterdir()) == []


def test_a_command_does_not_write_to_an_in_memory_store_of_its_own(tmp_path):
    status, said = refused_house(folder_of(tmp_path / "data") | {"RESTANTE_DURABILITY": "memory"})

    assert status == os.EX_UNAVAILABLE
    assert "no service runs" in said


def test_a_store_elsewhere_is_used_with_its_keys(own_store, tmp_path):
    env = {"RESTANTE_REDIS_URL": own_store().url, "RESTANTE_ROOT_KEYS": keyring.new_key()}
    control = use_house(env, "hello")

    assert use_house(env | {"CONTROL": control}) == "sealed"


def test_a_store_that_is_away_is_told_in_plain_words():
    status, said = refused_house(
        {
            "RESTANTE_REDIS_URL": f"redis://:hunter2@127.0.0.1:{free_port()}",
            "RESTANTE_ROOT_KEYS": keyring.new_key(),
        }
    )

    assert status == os.EX_UNAVAILABLE
    assert said == "The service cannot do this right now. Try again in a moment.\n"


def test_wrong_settings_are_all_named(tmp_path):
    status, said = refused_house({"RESTANTE_LEASE": "0", "RESTANTE_BINDD": "x"})

    assert status == os.EX_CONFIG
    assert "RESTANTE_LEASE" in said
    assert "RESTANTE_BINDD" in said
