"""What the check says of the machine, and what our processes forbid themselves."""

import resource
import sys
from pathlib import Path

import pytest

from restante.commands.checks import Grade
from restante.commands.machine import of_memory, of_store_process
from restante.crypto.keyring import new_key
from tests.support.processes import Running, Service, command_of, free_port, wait_until

HEAD = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"


def swaps(proc, *names):
    lines = (f"{name}\tpartition\t8388604\t\t0\t\t-2\n" for name in names)
    (proc / "swaps").write_text(HEAD + "".join(lines))


@pytest.mark.parametrize(
    ("names", "grade"),
    [
        ((), Grade.OK),
        (("/dev/zram0",), Grade.OK),
        (("/dev/dm-1",), Grade.OK),
        (("/dev/dm-2",), Grade.WARNING),
        (("/dev/sda2",), Grade.WARNING),
        (("/dev/dm-1", "/swapfile"), Grade.WARNING),
    ],
)
def test_swap_in_clear_is_warned_of(tmp_path, names, grade):
    swaps(tmp_path, *names)
    for name, uuid in {"dm-1": "CRYPT-PLAIN-swap", "dm-2": "LVM-x"}.items():
        (tmp_path / name / "dm").mkdir(parents=True)
        (tmp_path / name / "dm" / "uuid").write_text(uuid)

    assert [found.grade for found in of_memory(tmp_path, tmp_path)] == [grade]


def test_a_system_without_swap_information_is_skipped(tmp_path):
    assert list(of_memory(tmp_path, tmp_path)) == []


@pytest.mark.parametrize(
    ("comm", "limit", "grades"),
    [
        ("valkey-server", "0", [Grade.OK]),
        ("redis-server", "0", [Grade.OK]),
        ("redis-server", "unlimited", [Grade.WARNING]),
        ("python", "unlimited", []),
    ],
)
def test_core_dumps_of_a_store_are_warned_of(tmp_path, comm, limit, grades):
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "comm").write_text(f"{comm}\n")
    (tmp_path / "7" / "limits").write_text(
        "Limit                     Soft Limit           Hard Limit           Units     \n"
        f"Max core file size        {limit:<20} unlimited            bytes     \n"
    )

    assert [found.grade for found in of_store_process(7, tmp_path)] == grades
    assert list(of_store_process(8, tmp_path)) == []


def core_limits(pid):
    """Return the soft and the hard limit."""
    lines = Path(f"/proc/{pid}/limits").read_text().splitlines()
    return next(line.split()[4:6] for line in lines if line.startswith("Max core file size"))


@pytest.fixture
def dumps_allowed():
    """A parent that allows core dumps, if the system does."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_CORE, before)


@pytest.mark.usefixtures("dumps_allowed")
def test_no_process_of_the_service_writes_a_core_dump(tmp_path):
    with Service(tmp_path) as service:
        commands = [command_of(pid) for pid in service.pids()]
        limits = [core_limits(pid) for pid in service.pids()]

    for word in ("-m restante", "gunicorn", "-m worker", "valkey"):
        assert [command for command in commands if word in command], word
    assert limits == [["0", "0"]] * len(limits)


@pytest.mark.usefixtures("dumps_allowed")
@pytest.mark.parametrize(
    "command",
    [
        ["-m", "worker"],
        ["-m", "gunicorn", "--config", "gunicorn.conf.py", "webapp.wsgi:app"],
    ],
    ids=["worker", "web"],
)
def test_web_and_worker_forbid_it_themselves_too(own_store, tmp_path, command):
    settings = {
        "RESTANTE_REDIS_URL": own_store().url,
        "RESTANTE_ROOT_KEYS": new_key(),
        "RESTANTE_BIND": f"127.0.0.1:{free_port()}",
    }
    with Alone([sys.executable, *command], tmp_path / "log", settings) as alone:
        limits = [core_limits(pid) for pid in alone.pids()]
        # It need not go down in order: that takes seconds while it starts.
        alone.process.kill()

    assert limits == [["0", "0"]] * len(limits)


class Alone(Running):
    """One process of the Procfile, without the service around it."""

    def wait_until_ready(self) -> None:
        wait_until(self.log)
