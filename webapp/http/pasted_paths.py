"""The part of a path that people paste, whatever other programs left in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from werkzeug.routing import BaseConverter

if TYPE_CHECKING:
    from flask import Flask


class Pasted(BaseConverter):
    """The rest of the path: unlike `path` with line breaks in it, and slashes before it."""

    part_isolating = False
    regex = r"[\s\S]+?"
    weight = 200


def init_app(app: Flask) -> None:
    """Let routes end in `<pasted:…>`."""
    app.url_map.converters["pasted"] = Pasted
