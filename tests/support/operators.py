"""What an operator does beside a running service."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from restante import wiring
from restante.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restante.sender_tokens import Admission
    from restante.wiring import Services
    from tests.support.processes import Service


@contextmanager
def services_for(service: Service, **more: Any) -> Iterator[Services]:
    """Yield the use cases of a service with an embedded store, over connections of our own.

    *more* are settings of the service that count for them.
    """
    settings = Settings(
        redis_url=f"unix://{service.data_dir / 'store.sock'}",
        root_keys=(service.data_dir / "root.keys").read_text("utf-8").strip(),
        **more,
    )
    house = wiring.build(settings)
    yield house
    for pool in house.connection.pools:
        pool.disconnect()


@contextmanager
def admission_of(service: Service) -> Iterator[Admission]:
    """Yield the operator's verbs on the tokens of a service with an embedded store."""
    with services_for(service) as house:
        yield house.admission
