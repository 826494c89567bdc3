"""Connects a command to the store: an external one, the running service's, or its own."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from restante import logs
from restante.commands.environment import read_settings
from restante.service.data_folder import FolderTaken, StoreFailed
from restante.service.embedded_store import EmbeddedStore
from restante.service.store_socket import PONG, ping, url_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from restante.settings import Settings
    from restante.wiring import Services

PATIENCE_SECONDS = 15.0
"""How long to wait for the store of a service that has locked the folder."""
TURN_SECONDS = 0.1


@contextmanager
def open_services() -> Iterator[Services]:
    """Yield the services for the settings in the environment; see `services_for`."""
    with services_for(read_settings()) as services:
        yield services


@contextmanager
def services_for(settings: Settings) -> Iterator[Services]:
    """Yield the services for *settings*.

    With the embedded store, the running service's is used.  If no service runs, the store is
    started here and stopped afterwards.  No folder and no root keys are created.

    Raises:
        StoreFailed: There is no data folder, or its store cannot be started or reached.
    """
    logs.configure("error", to_stderr=True)
    # Imported late, because the store's client is slow to import.
    from restante import wiring  # noqa: PLC0415

    if settings.redis_url is not None:
        yield wiring.build(settings)
        return
    if not settings.data_dir.is_dir():
        message = f"there is no data folder {settings.data_dir.resolve()} yet; serving makes it"
        raise StoreFailed(message)
    root_keys = settings.root_keys or _root_keys_in(settings.data_dir)
    with _embedded(settings) as url:
        yield wiring.build(
            replace(
                settings, redis_url=url, root_keys=root_keys, blobs=settings.blobs_place or "off"
            )
        )


def _root_keys_in(data_dir: Path) -> str:
    path = data_dir.resolve() / "root.keys"
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        message = f"there are no root keys in {path}"
    except (OSError, UnicodeDecodeError):
        message = f"{path} cannot be read"
    raise StoreFailed(message)


@contextmanager
def _embedded(settings: Settings) -> Iterator[str]:
    """Yield the URL of the embedded store: the running service's, or one started here."""
    store = EmbeddedStore(settings.data_dir, settings.store_bytes, settings.durability)
    try:
        if running := _await_service(store):
            yield running
            return
        if settings.durability == "memory":
            message = "no service runs, and with RESTANTE_DURABILITY=memory nothing else is kept"
            raise StoreFailed(message)
        store.start()
        yield store.url
    finally:
        store.stop()


def _await_service(store: EmbeddedStore) -> str | None:
    """Return the URL of the running service's store; if none runs, lock the folder: None.

    Raises:
        StoreFailed: Another process has the folder, but its store does not answer.
    """
    # A symlink, if the path is too long for a socket.
    visible = store.data_dir / "store.sock"
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        if ping(visible.resolve()).startswith(PONG):
            return url_of(visible.resolve())
        try:
            store.lock()
        except FolderTaken:
            if time.monotonic() > deadline:
                raise
            time.sleep(TURN_SECONDS)
        else:
            return None
