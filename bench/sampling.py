"""Samples of a running process: which part of the code has the processor, each millisecond of it.

The system sends SIGPROF while the process uses the processor, and only then.  The sample counts
for the innermost frame whose file belongs to a part: what the store's client does in a socket is
the store client's.  This slows nothing down, so it distorts nothing; the system's own clock
decides how fine it is (mostly 1 to 4 ms).
"""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

SECONDS = 0.001
FOLDER = "BENCH_SAMPLES"
"""The variable with the folder for the samples of each process."""
NEXT = signal.SIGUSR2
"""Writes the samples since the last time, and begins anew."""
GUNICORN, FLASK, STORE, PAGES = "gunicorn", "Flask", "store client", "Jinja"
PARTS = {
    "/structlog/": "log line",
    "/restante/logs": "log line",
    "/flask_limiter/": "limits",
    "/limits/": "limits",
    "/webapp/http/rate_limits": "limits",
    "/webapp/http/budgets": "limits",
    "/webapp/http/floods": "limits",
    "/redis/": STORE,
    "/restante/store/": STORE,
    "/cryptography/": "cryptography",
    "/restante/crypto/": "cryptography",
    "/itsdangerous/": "cryptography",
    "/jinja2/": PAGES,
    "/markupsafe/": PAGES,
    "/templates/": PAGES,
    "/babel/": "language",
    "/gettext.py": "language",
    "/restante/i18n": "language",
    "/webapp/http/i18n": "language",
    "/webapp/http/language_choice": "language",
    "/webapp/texts/": "language",
    "/gunicorn": GUNICORN,
    "/webapp/server": GUNICORN,
    "/flask/": FLASK,
    "/werkzeug/": FLASK,
    "/webapp/http/": "our middleware",
    "/webapp/": "our views",
    "/restante/": "the core",
}
"""Parts by what a file's path contains; the first that fits."""
OTHER = "gevent and the rest"
_files: dict[str, str | None] = {}
_counts: Counter[str] = Counter()


def start() -> None:
    """Take samples from now on."""
    signal.signal(signal.SIGPROF, _take)
    signal.signal(NEXT, _write)
    signal.setitimer(signal.ITIMER_PROF, SECONDS, SECONDS)


def _take(_signum: int, frame: FrameType | None) -> None:
    while frame is not None:
        name = frame.f_code.co_filename
        if name not in _files:
            path = name.replace(str(Path.cwd()), "")
            _files[name] = next((part for words, part in PARTS.items() if words in path), None)
        if part := _files[name]:
            _counts[part] += 1
            return
        frame = frame.f_back
    _counts[OTHER] += 1


def _write(*_: object) -> None:
    with (Path(os.environ[FOLDER]) / str(os.getpid())).open("a", encoding="utf-8") as file:
        file.write(json.dumps(_counts) + "\n")
    _counts.clear()
