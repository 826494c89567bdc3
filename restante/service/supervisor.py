"""The supervisor: starts store, web and worker on one machine, and ends them in order."""

from __future__ import annotations

import http.client
import os
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog

from restante import logs
from restante.metrics import shared_folder
from restante.service import processes
from restante.service.data_folder import StoreFailed, root_keys_file
from restante.service.embedded_store import EmbeddedStore

if TYPE_CHECKING:
    import subprocess

    from restante.settings import Settings

HERE = Path(__file__).resolve().parent.parent.parent
STOP_SECONDS = 15.0
PATIENCE_SECONDS = 5.0
"""How long to wait for a port to become free, or for an external store to be ready."""
TURN_SECONDS = 0.1

_log = structlog.get_logger()


class CannotListen(Exception):
    """The address to listen on is in use or not this machine's; the message is for the operator."""


class Service:
    """The embedded store, unless an external one is set, and the processes of the Procfile."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._store: EmbeddedStore | None = None
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._tallies: str | None = None

    def run(self) -> int:
        """Serve until web or worker ends; return its exit status.

        Raises:
            StoreFailed: The store cannot be started or reached.
            CannotListen: The address cannot be used.
        """
        environ = self._environ()
        self._children = processes.start(HERE / "Procfile", environ)
        ready = False
        while True:
            if self._store:
                self._store.keep()
            for name, child in self._children.items():
                if (status := child.poll()) is not None:
                    _log.error("process ended", process=name, status=status)
                    return status if status >= 0 else 128 - status
            if not ready and _is_ready(self._settings):
                ready = True
                logs.announce("Restante is ready at", "ready", url=self._settings.public_url)
            time.sleep(TURN_SECONDS)

    def stop(self) -> None:
        """Stop web and worker first, then the store."""
        processes.end(self._children.values(), STOP_SECONDS)
        if self._store:
            self._store.stop()
        shared_folder.remove(self._tallies)

    def _environ(self) -> dict[str, str]:
        """Start the store, and return the environment for web and worker."""
        settings = self._settings
        environ = dict(os.environ)
        # PORT is for the web process alone: pass it on as RESTANTE_BIND.
        for name in ("PORT", "RESTANTE_BIND_FILE"):
            environ.pop(name, None)
        environ["RESTANTE_BIND"] = settings.bind
        environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        if settings.redis_url is None:
            self._store = EmbeddedStore(
                settings.data_dir, settings.store_bytes, settings.durability
            )
            self._store.lock()
            if settings.root_keys is None:
                environ["RESTANTE_ROOT_KEYS_FILE"] = str(root_keys_file(settings.data_dir))
            _await_ports(settings)
            self._store.start()
            environ["RESTANTE_REDIS_URL"] = self._store.url
            environ.pop("RESTANTE_BLOBS_FILE", None)
            environ["RESTANTE_BLOBS"] = str(settings.blobs_place or "off")
        else:
            _await_store(settings)
            _await_ports(settings)
        if settings.counts:
            self._tallies = environ[shared_folder.VARIABLE] = shared_folder.new_folder()
        return environ


def _await_store(settings: Settings) -> None:
    # Imported late: the embedded store starts faster without it.
    from restante import wiring  # noqa: PLC0415

    files = wiring.build(settings).files
    deadline = time.monotonic() + PATIENCE_SECONDS
    while shortcomings := files.shortcomings(settings.durability):
        if time.monotonic() > deadline:
            message = "of the store at RESTANTE_REDIS_URL: " + ", ".join(shortcomings)
            raise StoreFailed(message)
        time.sleep(TURN_SECONDS)


def _await_ports(settings: Settings) -> None:
    for bind in filter(None, (settings.bind, settings.metrics_bind)):
        _await_port(bind)


def _await_port(bind: str) -> None:
    """Wait until the port is free.

    Otherwise another service on this port could answer our request for `/readyz`.
    """
    host, _, port = bind.rpartition(":")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            family, kind, _, _, address = socket.getaddrinfo(
                host.strip("[]"), int(port), type=socket.SOCK_STREAM
            )[0]
            with socket.socket(family, kind) as listener:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind(address)
        except OSError as problem:
            if time.monotonic() > deadline:
                message = f"it cannot listen on {bind}: {problem.strerror}"
                raise CannotListen(message) from None
            time.sleep(TURN_SECONDS)
        else:
            return


def _is_ready(settings: Settings) -> bool:
    host, _, port = settings.bind.rpartition(":")
    host = {"0.0.0.0": "127.0.0.1", "[::]": "::1"}.get(host, host.strip("[]"))  # noqa: S104
    connection = http.client.HTTPConnection(host, int(port), timeout=1)
    try:
        connection.request("GET", "/readyz", headers={"Host": urlsplit(settings.public_url).netloc})
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
