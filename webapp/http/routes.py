"""Addresses of our routes below the path prefix, for pages."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.routing import MapAdapter

PLAIN = re.compile(r"[A-Za-z0-9_-]+")
"""What stands in an address as it is, such as a token."""


class Routes:
    """Builds addresses without looking at the request: host and prefix are the operator's."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._around: dict[tuple[str, str], list[str]] = {}

    def address(self, endpoint: str, **values: object) -> str:
        """Return the address of an endpoint, from the root of the site."""
        if len(values) != 1:
            return self._adapter.build(endpoint, values)
        ((name, value),) = values.items()
        if not isinstance(value, str) or not PLAIN.fullmatch(value):
            return self._adapter.build(endpoint, values)
        if (endpoint, name) not in self._around:
            example = self._adapter.build(endpoint, {name: "~"})
            self._around[endpoint, name] = example.split("~")
        return value.join(self._around[endpoint, name])

    @cached_property
    def _adapter(self) -> MapAdapter:
        prefix = self._app.extensions["restante"].settings.path_prefix
        return self._app.url_map.bind("", script_name=prefix or "/")
