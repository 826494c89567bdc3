"""The Lua scripts as they are sent to the store: their flags, the library, their body."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from restante.channels import CHANNELS

if TYPE_CHECKING:
    from restante.channels.channel import Channel

SHEBANG = "#!lua"


@dataclass(frozen=True, slots=True)
class Script:
    """A script as it is sent: its first line (the flags), then the library, then its body."""

    source: bytes
    sha: str
    only_reads: bool


@cache
def script(verb: str) -> Script:
    """Return `scripts/<verb>.lua` with the library, ready to be sent."""
    folder = files("restante.store") / "scripts"
    flags, _, body = (folder / f"{verb}.lua").read_text("utf-8").partition("\n")
    if not flags.startswith(SHEBANG):
        message = f"{verb}.lua does not begin with {SHEBANG}"
        raise ValueError(message)
    source = f"{flags}\n{_library()}\n{body}".encode()
    sha = hashlib.sha1(source, usedforsecurity=False).hexdigest()
    return Script(source, sha, only_reads="no-writes" in flags)


@cache
def _library() -> str:
    """Return what every script can call: the channels, and `scripts/lib/` in order of names."""
    folder = files("restante.store") / "scripts" / "lib"
    parts = sorted(folder.iterdir(), key=lambda part: part.name)
    library = [part.read_text("utf-8") for part in parts if part.name.endswith(".lua")]
    return "\n".join([_channels(), *library])


def _channels() -> str:
    """Return the table of the channels, in Lua."""

    def declared(channel: Channel[Any, Any]) -> str:
        events = "".join(f'["{event}"] = true, ' for event in sorted(channel.wakes or ()))
        wakes = "nil" if channel.wakes is None else f"{{ {events}}}"
        return (
            f'{{ name = "{channel.name}", outbox = "{channel.outbox}", wakes = {wakes},'
            f" retains = {str(channel.retains).lower()},"
            f" gathers = {str(channel.gathers).lower()},"
            f" subscribes = {str(channel.subscribes).lower()} }}"
        )

    return f"local CHANNELS = {{ {', '.join(map(declared, CHANNELS.values()))} }}\n"
