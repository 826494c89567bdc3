"""Makes the modules of the client for asyncio from those of the other: one source, two clients.

`python -m tests.support.async_client` compares, with `write` behind it it writes.
"""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.support.processes import ROOT

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = ROOT / "client/restante_client"
SOURCES = ("asking", "client", "reading")
VERBS = (
    "send|start_upload|upload|cancel_upload|status|watch|recall|take_out|replace|extend|set_rules"
    "|pause|resume|set_webhook|set_mails|send_test|forget|preview|request_code|fetch|_do|_blocks"
    "|_parts|close"
)
CHANGES = (
    (r'\A"""[^\n]*', '"""Made by tests.support.async_client: what its twin does, for asyncio."""'),
    (r"^import time$", "import asyncio\nimport time"),
    (r"\bIterator\b", "AsyncIterator"),
    (r"import AsyncIterator, Callable$", "import AsyncIterator, Callable"),
    (r"import Callable, AsyncIterator$", "import AsyncIterator, Callable"),
    (r"\bhttpx\.Client\b", "httpx.AsyncClient"),
    (r"\b(Asking|Reading)\b(?! the service)", r"Async\1"),
    (r"`Client\b", "`AsyncClient"),
    (r"class Client\b", "class AsyncClient"),
    (r"restante_client\.(asking|client|reading)\b", r"restante_client.async_\1"),
    (rf"^    def ({VERBS})\(", r"    async def \1("),
    (r"def __enter__", "async def __aenter__"),
    (r"def __exit__", "async def __aexit__"),
    (r"self\._http\.close\(\)", "await self._http.aclose()"),
    (r"(?<= )self\.close\(\)", "await self.close()"),
    (r"(?<=[ (])self\.(_do|start_upload)\(", r"await self.\1("),
    (r"self\._client\._do\(", "await self._client._do("),
    (r"with self\._http\.stream\(", "async with self._http.stream("),
    (r"for part in response\.iter_raw\(", "async for part in response.aiter_raw("),
    (r"for part in self\.parts\(", "async for part in self.parts("),
    (r"yield from watch\.read\(self\.status\((.*)\)\)$",
     r"for event in watch.read(await self.status(\1)):\n                yield event"),
    (r"time\.sleep\(", "await asyncio.sleep("),
    (r"(?<=[ (])here\(", "await asyncio.to_thread("),
    (r", here\b|\bhere, ", ""),
    (r"`with`", "`async with`"),
)  # fmt: skip


def made(source: str) -> str:
    """Return the text of the asynchronous twin of a module."""
    text = (FOLDER / f"{source}.py").read_text("utf-8")
    for pattern, replacement in CHANGES:
        text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
    for words in (["check", "--select=I001", "--fix", "--quiet"], ["format"]):
        command = [sys.executable, "-m", "ruff", *words]
        command += ["--stdin-filename", str(target(source)), "-"]
        done = subprocess.run(
            command, cwd=ROOT, input=text, capture_output=True, text=True, check=True
        )
        text = done.stdout
    return text


def target(source: str) -> Path:
    """Return where the asynchronous twin of a module is."""
    return FOLDER / f"async_{source}.py"


if __name__ == "__main__":
    if sys.argv[1:] == ["write"]:
        for one in SOURCES:
            target(one).write_text(made(one), "utf-8")
    sys.exit(any(target(one).read_text("utf-8") != made(one) for one in SOURCES))
