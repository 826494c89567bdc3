"""Kills the command at one line after the other of what it does, and starts it again.

A program of its own, which forks: so a start costs nothing, and no thread of a test is copied.
It prints a JSON line for each place where it killed.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from restante_client import Client
from restante_client.command import begun, group, main  # noqa: F401 (imported before the fork)
from restante_client.command import files as _files
from restante_client.command import read as _read

if TYPE_CHECKING:
    from types import FrameType

CONTENT = b"of the file" * 1_000
FOLDER = str(Path(_read.__file__).parents[1])
WATCHED = {str(path) for path in Path(FOLDER).rglob("*.py")} - {
    f"{FOLDER}/command/{name}.py" for name in ("spanish", "spanish_help", "texts", "exits")
}


class Trap:
    """Counts lines, and kills this process at one of them."""

    def __init__(self, at: int | None) -> None:
        self.at, self.count = at, 0

    def __call__(self, frame: FrameType, _event: str, _arg: Any) -> Any:
        return self.line if frame.f_code.co_filename in WATCHED else None

    def line(self, _frame: FrameType, event: str, _arg: Any) -> Any:
        if event == "line":
            self.count += 1
            if self.count == self.at:
                os.kill(os.getpid(), signal.SIGKILL)
        return self.line


def start(
    arguments: list[str], given: bytes, folder: Path, kill_at: int | None
) -> tuple[bool, str]:
    """Run the command in a process of its own; return whether it ended, and its output."""
    inlet, outlet = folder / "in", folder / "out"
    inlet.write_bytes(given)
    outlet.write_bytes(b"")
    if not (pid := os.fork()):
        os.dup2(os.open(inlet, os.O_RDONLY), 0)
        os.dup2(os.open(outlet, os.O_WRONLY), 1)
        os.dup2(os.open(folder / "err", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 2)
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.settrace(Trap(kill_at))
        status = main.run(arguments)
        sys.settrace(None)
        sys.stdout.flush()
        os._exit(status)
    _, status = os.waitpid(pid, 0)
    return not os.WIFSIGNALED(status), outlet.read_text("utf-8")


def sweep_read(client: Client, folder: Path, step: int) -> None:
    """Kill `restante read`; each time another message, read again afterwards."""
    _sweep_read(client, folder, step, ["read"])


def sweep_file(client: Client, folder: Path, step: int) -> None:
    """The same with a file for the text."""
    _sweep_read(client, folder, step, ["read", "-o", str(folder / "text")])


def sweep_saved(client: Client, folder: Path, step: int) -> None:
    """The same with a file of the message, which is saved."""
    at, ended, place = 1, False, folder / "saved"
    while not ended:
        shutil.rmtree(place, ignore_errors=True)
        upload = client.upload(io.BytesIO(CONTENT), "a.txt")
        sent = client.send("the safe is behind the Vermeer", views=3, files=[upload])
        link = sent.links[0].url.encode()
        words = ["read", "--files", str(place)]
        ended, before = start(words, link, folder, at)
        is_done = before != "" and not begun.find_read(client.server, sent.links[0].token)
        _, after = start(words, link, folder, None) if not is_done else (True, "")
        saved = {path.name: path.read_bytes() == CONTENT for path in place.iterdir()}
        reveals = client.status(sent.control_token).links[0].reveals
        its = {"at": at, "before": before, "after": after, "reveals": reveals, "is_done": is_done}
        print(json.dumps(its | {"saved": saved}))
        at += step


def _sweep_read(client: Client, folder: Path, step: int, words: list[str]) -> None:
    at, ended = 1, False
    file = folder / "text"
    while not ended:
        file.unlink(missing_ok=True)
        sent = client.send("the safe is behind the Vermeer", views=3)
        link = sent.links[0].url.encode()
        ended, before = start(words, link, folder, at)
        before += file.read_text() if file.exists() else ""
        is_done = before != "" and not begun.find_read(client.server, sent.links[0].token)
        _, after = start(words, link, folder, None)
        after += file.read_text() if file.exists() and not is_done else ""
        reveals = client.status(sent.control_token).links[0].reveals
        its = {"at": at, "before": before, "after": after, "reveals": reveals, "is_done": is_done}
        print(json.dumps(its))
        at += step


def sweep_send(_client: Client, folder: Path, step: int) -> None:
    """Kill `restante send`; then start the same again."""
    _sweep_send(folder, step, ["send"])


def sweep_attached(_client: Client, folder: Path, step: int) -> None:
    """The same with a file."""
    (folder / "a.txt").write_bytes(CONTENT)
    _sweep_send(folder, step, ["send", "--file", str(folder / "a.txt")])


def _sweep_send(folder: Path, step: int, words: list[str]) -> None:
    at, ended = 1, False
    while not ended:
        text = f"the text of {at}"
        ended, before = start(words, text.encode(), folder, at)
        left = json.loads((_files.state_folder() / "begun.json").read_text()) if before else None
        _, after = start(words, text.encode(), folder, None)
        kept = json.loads(start(["list", "--json"], b"", folder, None)[1])
        links = sorted({*before.split(), *after.split()})
        its = {
            "at": at,
            "links": links,
            "kept": len(kept),
            "is_done": left is not None and not left["sends"],
        }
        print(json.dumps(its))
        for path in _files.state_folder().glob("*.json"):
            path.unlink()
        at += step


if __name__ == "__main__":
    what, server, place, every = sys.argv[1:]
    with Client(server) as asking:
        {
            "read": sweep_read,
            "file": sweep_file,
            "saved": sweep_saved,
            "send": sweep_send,
            "attached": sweep_attached,
        }[what](asking, Path(place), int(every))
