"""Makes `client/restante_client/async_client.py` from `client.py`: one source, two clients.

`python -m tests.support.async_client` compares, with `write` behind it it writes.
"""

from __future__ import annotations

import re
import subprocess
import sys

from tests.support.processes import ROOT

FOLDER = ROOT / "client/restante_client"
TARGET = FOLDER / "async_client.py"
VERBS = (
    "send|status|watch|recall|replace|extend|set_rules|pause|resume|set_webhook|set_mails|send_test"
    "|forget|preview|request_code"
    "|_do|close"
)
CHANGES = (
    (r'\A"""[^\n]*', '"""The client for asyncio; tests.support.async_client makes it."""'),
    (r"^import ssl$", "import asyncio\nimport ssl"),
    (r"Callable, Iterator,", "AsyncIterator, Callable,"),
    (r"\bIterator\b", "AsyncIterator"),
    (r"\bClient\b(?! of)(?=[:\"(.,]| of|,)", "AsyncClient"),
    (r"<Client of", "<AsyncClient of"),
    (r"\bReading\b", "AsyncReading"),
    (rf"^    def ({VERBS})\(", r"    async def \1("),
    (r"def __enter__", "async def __aenter__"),
    (r"def __exit__", "async def __aexit__"),
    (r"self\._http\.close\(\)", "await self._http.aclose()"),
    (r"(?<= )self\.close\(\)", "await self.close()"),
    (r"(?<=[ (])self\._do\(", "await self._do("),
    (r"self\._client\._do\(", "await self._client._do("),
    (r"with self\._http\.stream\(", "async with self._http.stream("),
    (r"for part in response\.iter_raw\(", "async for part in response.aiter_raw("),
    (r"yield from watch\.read\(self\.status\((.*)\)\)$",
     r"for event in watch.read(await self.status(\1)):\n                yield event"),
    (r"time\.sleep\(", "await asyncio.sleep("),
    (r"`with`", "`async with`"),
)  # fmt: skip


def made() -> str:
    """Return the text of the asynchronous client."""
    text = (FOLDER / "client.py").read_text("utf-8")
    for pattern, replacement in CHANGES:
        text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(TARGET), "-"]
    done = subprocess.run(command, cwd=ROOT, input=text, capture_output=True, text=True, check=True)
    return done.stdout


if __name__ == "__main__":
    if sys.argv[1:] == ["write"]:
        TARGET.write_text(made(), "utf-8")
    sys.exit(TARGET.read_text("utf-8") != made())
