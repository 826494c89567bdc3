"""Serves the static files: styles, script, icon.

Each has a URL that changes with its content, so browsers cache it for good.  It is compressed once,
at the start.  Pages are never compressed, because their length could reveal secrets (BREACH).
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass, field
from mimetypes import guess_type
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask, Response, abort, request, url_for

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).parent.parent / "static"
ENDPOINT = "static"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that is served; *headers* are added to those of every response."""

    content: bytes
    mimetype: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def version(self) -> str:
        return hashlib.sha256(self.content).hexdigest()[:12]


def init_app(app: Flask, further: Mapping[str, Asset]) -> None:
    """Serve the files of the folder `static`, and *further* ones, by name."""
    assets = _of_folder() | dict(further)
    versions = {name: asset.version for name, asset in assets.items()}
    packed = {name: gzip.compress(asset.content, mtime=0) for name, asset in assets.items()}

    def serve(filename: str) -> Response:
        if filename not in assets:
            abort(404)
        asset, small = assets[filename], packed[filename]
        response = Response(asset.content, mimetype=asset.mimetype, headers=dict(asset.headers))
        if len(small) < len(asset.content):
            response.vary.add("Accept-Encoding")
            if request.accept_encodings["gzip"] > 0:
                response.set_data(small)
                response.content_encoding = "gzip"
        return response

    def address(filename: str) -> str:
        """Return the URL of an asset; it changes with its content."""
        return url_for(ENDPOINT, filename=filename, v=versions[filename])

    app.add_url_rule("/static/<filename>", endpoint=ENDPOINT, view_func=serve)
    app.jinja_env.globals["static"] = address


def _of_folder() -> dict[str, Asset]:
    return {
        path.name: Asset(path.read_bytes(), guess_type(path.name)[0] or "application/octet-stream")
        for path in FOLDER.iterdir()
    }
