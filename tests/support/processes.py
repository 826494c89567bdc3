"""Real processes for tests: started on free ports, logged to files, ended by their pids."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from tests.support import canaries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[2]
AS_INSTALLED = ROOT / "tests/support/as_installed"
"""Hides what an operator does not have."""
START_SECONDS = 60.0
STOP_SECONDS = 45.0


def free_port() -> int:
    """Return a port of the loopback address that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(predicate: Callable[[], T], timeout: float = 15.0) -> T:
    """Return the first true value of *predicate*; fail when none comes within *timeout* seconds."""
    deadline = time.monotonic() + timeout
    while not (value := predicate()):
        assert time.monotonic() < deadline, f"waited {timeout} seconds in vain"
        time.sleep(0.02)
    return value


def status_of(url: str) -> int:
    """Return the status of a GET, or 0 when nobody answers."""
    try:
        with urlopen(url, timeout=5) as response:
            return int(response.status)
    except HTTPError as error:
        with error:
            return error.code
    except (URLError, OSError):
        return 0


def stat(pid: int) -> list[str]:
    """Return what /proc says of a process after its name, or nothing when it has ended.

    The first three fields are its state, its parent and its group; see proc(5).
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return []
    return [] if fields[0] in "ZX" else fields


def tree(pid: int) -> list[int]:
    """Return *pid* and all processes below it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [pid]
    for member in found:
        found += children.get(member, [])
    return found


def alive(pids: Iterable[int]) -> list[int]:
    """Return those of *pids* that run; the dead whom nobody waited for do not count."""
    return [pid for pid in pids if stat(pid)]


def command_of(pid: int) -> str:
    """Return a process's arguments, or nothing when it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text("utf-8", "replace").replace("\0", " ")
    except OSError:
        return ""


def own_environ(env: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without settings, but for those in *env*."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("RESTANTE_") and k != "PORT"}
    return clean | {"PYTHONPATH": str(AS_INSTALLED)} | dict(env)


def finished(
    command: Sequence[str], env: Mapping[str, str] | None = None, cwd: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; whatever it prints, its log lines tell no secret."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=own_environ(env or {}),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    canaries.check_printed(command[-1], f"{done.stdout}\n{done.stderr}")
    return done


class Running:
    """A process under test with its log in a file; it ends with the `with`.

    When it has ended, no line of its log may tell a secret.
    """

    is_ours = True
    """Its log has our format, so it is searched for secrets; other programs' logs are not."""

    def __init__(self, command: Sequence[str], log_path: Path, env: dict[str, str]) -> None:
        self.command = command
        self.log_path = log_path
        self.cwd = ROOT
        self.env = own_environ(env)
        self.process: subprocess.Popen[bytes]
        self._seen: dict[int, str] = {}

    def start(self) -> None:
        """Start the process; its log grows with each start."""
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.cwd,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Do nothing; a process with a sign of readiness waits for it here."""

    def stop(self, signum: int = signal.SIGINT) -> int:
        """Send *signum* and return the exit status."""
        self.pids()
        self.process.send_signal(signum)
        return self.process.wait(STOP_SECONDS)

    def pids(self) -> list[int]:
        """Return the pids of the process and of all below it."""
        found = tree(self.process.pid) if self.process.poll() is None else []
        self._seen |= {pid: fields[19] for pid in found if (fields := stat(pid))}
        return found

    def log(self) -> str:
        """Return everything the process wrote, on both outputs."""
        return self.log_path.read_text("utf-8", "replace")

    def events(self) -> set[str]:
        """Return what the lines of the log tell of."""
        lines = (line for line in self.log().splitlines() if line.startswith("{"))
        return {json.loads(line)["event"] for line in lines}

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for pid, born in self._seen.items():
            # The number may be another's by now; the time of birth is not.
            if (fields := stat(pid)) and fields[19] == born:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        if self.is_ours:
            canaries.check_log(self.log_path.name, self.log())


class Service(Running):
    """`python -m restante` on a free port, its data below *tmp_path*; RESTANTE_… settings as given.

    It may be stopped and started again; the port and the data stay.  One process serves unless
    RESTANTE_WEB_WORKERS says otherwise: most tests have one visitor at a time.
    """

    def __init__(self, tmp_path: Path, **env: str) -> None:
        self.data_dir = tmp_path / "data"
        self.bind = f"127.0.0.1:{free_port()}"
        self.url = f"http://{self.bind}"
        settings = {
            "RESTANTE_BIND": self.bind,
            "RESTANTE_DATA_DIR": str(self.data_dir),
            "RESTANTE_RATE_LIMITS": "off",
            "RESTANTE_WEB_WORKERS": "1",
        }
        command = [sys.executable, "-m", "restante"]
        super().__init__(command, tmp_path / "service.log", settings | env)
        self._starts = 0

    def wait_until_ready(self) -> None:
        """Wait for the line with the address."""
        self._starts += 1

        def ready() -> bool:
            assert self.process.poll() is None, self.log()
            told = self.times_ready()
            assert told <= self._starts, "readiness was told twice"
            return told == self._starts

        wait_until(ready, START_SECONDS)

    def times_ready(self) -> int:
        """Return how often readiness was told."""
        log = self.log()
        return log.count('"event": "ready"') + log.count("Restante is ready at ")

    def pid_of(self, word: str) -> int:
        """Return the pid of the first process whose command has *word* in it."""
        return next(pid for pid in self.pids() if word in command_of(pid))
