"""Runs the client's command as a person or a script does, with files of its own."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time
from functools import cache
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.support import canaries
from tests.support.processes import ROOT, own_environ
from tests.support.ready_python import ReadyPython

if TYPE_CHECKING:
    from pathlib import Path

# For tests of the process itself; all others run in forks of a Python that is ready.
COMMAND = [sys.executable, "-m", "restante_client.command.main"]
PATIENCE_SECONDS = 30


class Done(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str


class Shell:
    """One person's machine: its state and configuration are in *folder*."""

    def __init__(self, folder: Path, server: str | None = None, **env: str) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.env = own_environ(
            {
                "PYTHONPATH": str(ROOT / "client"),
                "RESTANTE_CLIENT_STATE": str(self.state),
                "RESTANTE_CLIENT_CONFIG": str(folder / "client.toml"),
                "RESTANTE_CLIENT_KEYRING": "off",
                "LC_ALL": "C.UTF-8",
                "TZ": "UTC",
            }
            | ({"RESTANTE_CLIENT_SERVER": server} if server else {})
            | env
        )
        for name in ("VISUAL", "EDITOR", "DISPLAY", "WAYLAND_DISPLAY"):
            if name not in env:
                self.env.pop(name, None)

    def run(
        self, *arguments: str, stdin: str | bytes = "", stdout: int | None = None, **env: str
    ) -> Done:
        """Run the command with something on its standard input."""
        given = stdin.encode() if isinstance(stdin, str) else stdin
        canaries.learn("standard input", given.decode("utf-8", "replace"))
        with TemporaryFile() as inlet, TemporaryFile() as out, TemporaryFile() as err:
            inlet.write(given)
            inlet.seek(0)
            files = (inlet.fileno(), out.fileno() if stdout is None else stdout, err.fileno())
            python = ready_python()
            python.start([*arguments], env=self.env | env, cwd=str(self.folder), files=files)
            status = python.wait(PATIENCE_SECONDS)
            out.seek(0)
            err.seek(0)
            return Done(status, out.read().decode(), err.read().decode())

    def start(self, *arguments: str, stdin: str = "") -> subprocess.Popen[bytes]:
        """Start the command with something on its standard input, and do not wait for it."""
        process = subprocess.Popen(
            [*COMMAND, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=self.env, cwd=self.folder,
        )  # fmt: skip
        assert process.stdin
        process.stdin.write(stdin.encode())
        process.stdin.close()
        return process

    def at_terminal(self, *arguments: str, answers: list[tuple[str, str]], **env: str) -> Done:
        """Run the command at a terminal, and answer each question when it is asked."""
        terminal, theirs = pty.openpty()
        python, given = ready_python(), self.env | {"TERM": "xterm"} | env
        python.start([*arguments], env=given, cwd=str(self.folder), files=(theirs,) * 3)
        os.close(theirs)
        shown, answers = "", list(answers)
        ends = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < ends:
            if select.select([terminal], [], [], 0.1)[0]:
                try:
                    more = os.read(terminal, 65_536)
                except OSError:  # it has ended
                    break
                if not more:
                    break
                shown += more.decode("utf-8", "replace")
            if answers and answers[0][0] in shown:
                question, answer = answers.pop(0)
                shown = shown.replace(question, f"<{question}>", 1)
                os.write(terminal, f"{answer}\n".encode())
        os.close(terminal)
        status = python.wait(PATIENCE_SECONDS)
        assert not answers, shown
        return Done(status, shown.replace("\r\n", "\n"), "")


@cache
def ready_python() -> ReadyPython:
    """Return the Python of this test process in which commands run."""
    return ReadyPython()


def sent(shell: Shell, *options: str, text: str = "the safe is behind the Vermeer\n") -> Any:
    """Send a text and return the answer."""
    done = shell.run("send", "--json", *options, stdin=text)
    assert done.status == 0, done
    answer = json.loads(done.out)
    canaries.learn("answer of a send", [answer["control_token"], answer["links"]])
    return answer


def link_of(answer: Any, number: int = 0) -> str:
    """Return a link of what was sent."""
    return str(answer["links"][number]["url"])
