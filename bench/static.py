"""The floor of files: a plain app that sends one file, and takes a body and keeps nothing.

It runs under the product's gunicorn, configuration and worker class.  `BENCH_FILE` names the file.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask, Response, request

if TYPE_CHECKING:
    from collections.abc import Iterator

app = Flask(__name__)
PIECE, PART = 1024 * 1024, 65_536


@app.get("/")
def ready() -> str:
    """Tell that it runs."""
    return "ready"


@app.get("/file")
def file() -> Response:
    """Send the file in parts, each read when the one before is sent."""
    path = Path(os.environ["BENCH_FILE"])

    def parts() -> Iterator[bytes]:
        with path.open("rb", buffering=0) as opened:
            while part := opened.read(PART):
                yield part

    return Response(parts(), headers={"Content-Length": str(path.stat().st_size)})


@app.put("/file")
def take() -> str:
    """Read the body in pieces, and keep nothing."""
    came = 0
    while some := request.stream.read(PIECE):
        came += len(some)
    return str(came)
