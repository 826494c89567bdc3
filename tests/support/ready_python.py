"""A Python that has loaded what the client's command needs, and forks for each run of it.

To start Python and load httpx takes longer than most runs.  What a run gets is its own: process,
session, environment, folder, standard input and outputs, and the modules of the command.
"""

from __future__ import annotations

import atexit
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import termios
import time
from typing import Any

from tests.support.processes import ROOT

MESSAGE_BYTES = 131_072


class ReadyPython:
    """Runs the command in forks of one waiting process."""

    def __init__(self) -> None:
        self._pid = 0
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, "-m", __name__, str(theirs.fileno())]
            path = f"{ROOT / 'client'}:{ROOT}"
            self._process = subprocess.Popen(
                command, pass_fds=[theirs.fileno()], cwd=ROOT, stdin=subprocess.DEVNULL,
                env=os.environ | {"PYTHONPATH": path},
            )  # fmt: skip
        atexit.register(self.close)

    def start(
        self, arguments: list[str], *, env: dict[str, str], cwd: str, files: tuple[int, int, int]
    ) -> None:
        """Start the command; *files* are its standard input, output and error."""
        told = {"arguments": arguments, "env": env, "cwd": cwd}
        socket.send_fds(self._line, [json.dumps(told).encode()], list(files))
        self._pid = int(self._line.recv(MESSAGE_BYTES))

    def wait(self, seconds: float) -> int:
        """Return the exit status of what was started; end it if that takes longer."""
        self._line.settimeout(seconds)
        try:
            return int(self._line.recv(MESSAGE_BYTES))
        except TimeoutError:
            os.kill(self._pid, signal.SIGKILL)
            self._line.recv(MESSAGE_BYTES)
            raise

    def close(self) -> None:
        self._line.close()
        self._process.wait(10)


def _serve(line: socket.socket) -> None:
    import httpx  # noqa: F401, PLC0415 (so that forks have it)

    import restante_client  # noqa: F401, PLC0415
    from restante_client.command import main  # noqa: F401, PLC0415

    while True:
        told, files, _, _ = socket.recv_fds(line, MESSAGE_BYTES, 3)
        if not told:
            return
        if not (pid := os.fork()):
            line.close()
            _run(json.loads(told), files)
        line.send(str(pid).encode())
        for file in files:
            os.close(file)
        _, status = os.waitpid(pid, 0)
        line.send(str(os.waitstatus_to_exitcode(status)).encode())


def _run(told: dict[str, Any], files: list[int]) -> None:
    """Be the command's process."""
    try:
        os.setsid()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)
        if os.isatty(0):
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        os.environ.clear()
        os.environ.update(told["env"])
        os.chdir(told["cwd"])
        time.tzset()
        sys.path[:0] = told["env"].get("PYTHONPATH", "").split(":")
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        from restante_client.command import main  # noqa: PLC0415

        sys.argv = ["restante", *told["arguments"]]
        status = main.run(told["arguments"])
    except SystemExit as left:
        status = left.code if isinstance(left.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as given:
        _serve(given)
