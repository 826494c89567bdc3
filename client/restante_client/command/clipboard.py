"""Puts a text on the clipboard by the system's own program, through its standard input."""

from __future__ import annotations

import os
import shutil
import subprocess

from restante_client.command.sources import without_token

PROGRAMS = (
    ("WAYLAND_DISPLAY", ("wl-copy",)),
    ("DISPLAY", ("xclip", "-selection", "clipboard")),
    ("DISPLAY", ("xsel", "--input", "--clipboard")),
    ("", ("pbcopy",)),
    ("", ("clip.exe",)),
)


def copy(text: str) -> bool:
    """Copy *text*; tell whether a program took it."""
    for variable, command in PROGRAMS:
        if (variable and not os.environ.get(variable)) or not shutil.which(command[0]):
            continue
        try:
            done = subprocess.run(  # noqa: S603 (a program of the list above)
                command, input=text.encode(), check=False, timeout=10, env=without_token(),
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired):
            continue
        if done.returncode == 0:
            return True
    return False
