"""`python -m restante`: comes up, stays up, goes down whole, and says plainly why it cannot."""

import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Thread
from urllib.request import Request, urlopen

import pytest
import redis

from restante.crypto import keyring
from restante.service.embedded_store import EmbeddedStore
from restante.store.keys import TAGS
from tests.support.canaries import is_log_line
from tests.support.processes import (
    ROOT,
    Running,
    Service,
    alive,
    command_of,
    finished,
    free_port,
    status_of,
    wait_until,
)


def post(url, body):
    request = Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urlopen(request, timeout=10) as response:
        return json.load(response)


def message_at(service, token):
    request = Request(f"{service.url}/api/v1/message", headers={"Authorization": f"Bearer {token}"})
    with urlopen(request, timeout=10) as response:
        return json.load(response)


def refused(env, *arguments):
    """Run a start that must fail; return its status and what it said."""
    done = finished([sys.executable, "-m", "restante", *arguments], env)
    assert "Traceback" not in done.stdout + done.stderr
    return done.returncode, done.stderr


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A service for those tests that leave it as it was."""
    with Service(tmp_path_factory.mktemp("running"), RESTANTE_WEB_WORKERS="2") as service:
        yield service


def test_the_address_is_printed_once_and_true(running):
    assert running.log().count(f'"event": "ready", "url": "{running.url}"') == 1
    assert status_of(f"{running.url}/readyz") == 200


def test_everything_that_is_printed_is_json(running):
    lines = running.log().splitlines()

    assert lines
    assert all({"at", "level", "event"} <= set(json.loads(line)) for line in lines)


def test_a_start_logs_no_generic_server_messages(running):
    events = [json.loads(line)["event"] for line in running.log().splitlines() if line[0] == "{"]

    assert "server message" not in events


def test_store_web_and_worker_run(running):
    commands = [command_of(pid) for pid in running.pids()]

    assert sum("valkey-server" in command for command in commands) == 1
    assert sum("gunicorn" in command for command in commands) == 1 + 2
    assert sum("-m worker" in command for command in commands) == 1


def test_what_lies_on_disk_is_for_us_alone(running):
    modes = [p.stat().st_mode for p in [running.data_dir, *running.data_dir.rglob("*")]]

    assert len(modes) > 4
    assert not any(mode & 0o077 for mode in modes)


def test_the_root_key_stands_in_no_argument(running):
    key = (running.data_dir / "root.keys").read_text().strip()
    commands = [command_of(pid) for pid in running.pids()]

    assert len(commands) >= 6
    assert not any(key in command for command in commands)


def test_a_second_start_on_the_same_folder_is_refused(running):
    status, said = refused(
        {
            "RESTANTE_DATA_DIR": str(running.data_dir),
            "RESTANTE_BIND": f"127.0.0.1:{free_port()}",
        }
    )

    assert status == os.EX_UNAVAILABLE
    assert "another Restante is using the data folder" in said
    assert status_of(f"{running.url}/readyz") == 200


def test_a_port_that_is_taken_is_a_clear_error(running, tmp_path):
    status, said = refused(
        {"RESTANTE_DATA_DIR": str(tmp_path / "data"), "RESTANTE_BIND": running.bind}
    )

    assert status == os.EX_UNAVAILABLE
    assert f"cannot listen on {running.bind}" in said


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_leaves_no_process_behind(tmp_path, signum):
    with Service(tmp_path) as service:
        pids = service.pids()
        assert len(pids) >= 5

        assert service.stop(signum) == 0
        assert alive(pids) == []
    assert not (service.data_dir / "store.sock").exists()
    assert {"worker stopped", "server ending"} <= service.events()
    assert "Traceback" not in service.log()


def test_ctrl_c_during_the_start_leaves_no_process_behind(tmp_path):
    service = Service(tmp_path)
    service.wait_until_ready = lambda: wait_until(
        lambda: any("gunicorn" in command_of(pid) for pid in service.pids())
    )
    with service:
        pids = service.pids()

        assert service.stop() == 0
        assert alive(pids) == []
    assert "Traceback" not in service.log()


def test_a_killed_supervisor_takes_everything_down(tmp_path):
    with Service(tmp_path) as service:
        pids = service.pids()
        service.process.kill()
        service.process.wait()

        wait_until(lambda: not alive(pids))
        service.start()


def test_what_was_sent_survives_a_stop_of_a_filled_store(tmp_path):
    with Service(tmp_path) as service:
        token = post(f"{service.url}/api/v1/messages", {"text": "still here"})["control_token"]
        with redis.Redis(
            unix_socket_path=str(service.data_dir / "store.sock"), legacy_responses=False
        ) as client:
            client.mset({f"ballast:{n}": "x" * 1000 for n in range(20_000)})
        assert service.stop() == 0
        service.start()

        assert message_at(service, token)["links"][0]["state"] == "sealed"


def test_a_killed_store_comes_back_with_what_was_sent(tmp_path):
    with Service(tmp_path) as service:
        token = post(f"{service.url}/api/v1/messages", {"text": "still here"})["control_token"]
        store = service.pid_of("valkey-server")
        os.kill(store, signal.SIGKILL)

        wait_until(lambda: store not in service.pids())
        wait_until(lambda: status_of(f"{service.url}/readyz") == 200)
        assert message_at(service, token)["links"][0]["state"] == "sealed"
        assert service.pid_of("valkey-server") != store


@pytest.mark.parametrize("name", ["gunicorn", "-m worker"])
def test_when_web_or_worker_dies_all_end_and_the_status_tells(tmp_path, name):
    with Service(tmp_path) as service:
        pids = service.pids()
        os.kill(service.pid_of(name), signal.SIGKILL)

        assert service.process.wait(30) == 128 + signal.SIGKILL
        wait_until(lambda: not alive(pids))


def test_a_worker_whose_turn_breaks_ends_its_deliveries_in_order_and_itself(tmp_path):
    with Service(tmp_path) as service:
        with redis.Redis(unix_socket_path=str(service.data_dir / "store.sock")) as raw:
            raw.zadd(f"{{{TAGS[0]}}}:due", {b"\xff:": 0})

        assert service.process.wait(30) == 1
        assert service.log().count('"crashed"') == 1


def test_with_a_store_elsewhere_only_web_and_worker_are_ours(tmp_path):
    store = EmbeddedStore(tmp_path / "elsewhere", 2**26, "disk")
    store.start()
    try:
        keys = keyring.new_key()
        with Service(tmp_path, RESTANTE_REDIS_URL=store.url, RESTANTE_ROOT_KEYS=keys) as service:
            commands = [command_of(pid) for pid in service.pids()]
            assert post(f"{service.url}/api/v1/messages", {"text": "hello"})["id"]
            assert service.stop() == 0
        assert not any("valkey-server" in command or keys in command for command in commands)
        assert not service.data_dir.exists()
        assert alive([store.pid])
    finally:
        store.stop()


def test_the_operators_own_root_keys_are_used(tmp_path):
    with Service(tmp_path, RESTANTE_ROOT_KEYS=keyring.new_key()) as service:
        assert post(f"{service.url}/api/v1/messages", {"text": "hello"})["id"]

    assert not (service.data_dir / "root.keys").exists()


def test_the_port_of_a_platform_is_honoured(tmp_path):
    port = free_port()
    service = Service(tmp_path, PORT=str(port), RESTANTE_PUBLIC_URL="https://letters.example")
    del service.env["RESTANTE_BIND"]
    with service:
        assert '"event": "ready", "url": "https://letters.example"' in service.log()
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            pass


def test_settings_that_are_wrong_are_all_named_before_anything_starts(tmp_path):
    status, said = refused(
        {
            "RESTANTE_DATA_DIR": str(tmp_path / "data"),
            "RESTANTE_BINDD": "x",
            "RESTANTE_LEASE": "0",
            "RESTANTE_ROOT_KEYS": "weak",
        }
    )

    assert status == os.EX_CONFIG
    assert "RESTANTE_BINDD" in said
    assert "RESTANTE_LEASE" in said
    assert not (tmp_path / "data").exists()


def test_weak_root_keys_are_refused_before_anything_starts_and_not_repeated(tmp_path):
    weak = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    status, said = refused(
        {"RESTANTE_DATA_DIR": str(tmp_path / "data"), "RESTANTE_ROOT_KEYS": weak}
    )

    assert status == os.EX_CONFIG
    assert "weak" in said
    assert "AAAA" not in said
    assert not (tmp_path / "data").exists()


def test_a_store_that_cannot_be_reached_is_a_clear_error():
    status, said = refused(
        {
            "RESTANTE_REDIS_URL": f"redis://:hunter2@127.0.0.1:{free_port()}",
            "RESTANTE_ROOT_KEYS": keyring.new_key(),
            "RESTANTE_BIND": f"127.0.0.1:{free_port()}",
        }
    )

    assert status == os.EX_UNAVAILABLE
    assert "does not answer" in said
    assert "hunter2" not in said


def test_messages_without_their_root_key_are_not_served_under_another(tmp_path):
    with Service(tmp_path) as service:
        service.stop()
    (service.data_dir / "root.keys").unlink()
    status, said = refused(
        {"RESTANTE_DATA_DIR": str(service.data_dir), "RESTANTE_BIND": service.bind}
    )

    assert status == os.EX_UNAVAILABLE
    assert "root.keys is missing" in said


def test_the_web_alone_names_wrong_settings_too(tmp_path):
    command = (ROOT / "Procfile").read_text().partition("web: python")[2].partition("\n")[0]
    web = Running([sys.executable, *command.split()], tmp_path / "web.log", {"RESTANTE_LEASE": "0"})
    with web:
        assert web.process.wait(30) == os.EX_CONFIG
    assert "RESTANTE_LEASE" in web.log()
    assert "Traceback" not in web.log()


def test_help_is_short_and_anything_else_is_a_usage_error():
    done = finished([sys.executable, "-m", "restante", "--help"])

    assert done.returncode == 0
    assert re.search("RESTANTE_REDIS_URL", done.stdout)
    assert refused({}, "serf")[0] == os.EX_USAGE


class OnTerminal(Service):
    """A service as somebody sees it who typed `make run`."""

    def start(self):
        terminal, theirs = pty.openpty()
        self.process = subprocess.Popen(
            self.command, cwd=self.cwd, env=self.env, stdout=theirs, stderr=theirs,
            start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        self._copier = Thread(target=self._copy, args=(terminal,))
        self._copier.start()
        self.wait_until_ready()

    def _copy(self, terminal):
        # A terminal whose other end is closed is an error when it is read.
        with os.fdopen(terminal, "rb", buffering=0) as shown, suppress(OSError):
            while some := shown.read(65_536):
                with self.log_path.open("ab") as log:
                    log.write(some)

    def stop(self, signum=signal.SIGINT):
        status = super().stop(signum)
        self._copier.join()
        return status


def test_on_a_terminal_the_whole_service_speaks_to_people(tmp_path):
    service = OnTerminal(tmp_path)
    service.log_path.touch()
    with service:
        assert post(f"{service.url}/api/v1/messages", {"text": "hello"})["id"]
        assert service.stop() == 0

    lines = service.log().splitlines()
    lines.remove(f"Restante is ready at {service.url}")
    assert any(" info     request " in line for line in lines)
    assert any(" info     worker stopped" in line for line in lines)
    assert all(is_log_line(line) and not line.startswith("{") for line in lines)


def test_the_service_may_be_started_from_any_folder(tmp_path):
    """Relative paths are meant from the checkout, wherever the terminal stands."""
    service = Service(tmp_path)
    service.cwd = tmp_path
    service.env["PYTHONPATH"] = str(ROOT)
    with service:
        assert Path(f"/proc/{service.process.pid}/cwd").readlink() == ROOT
