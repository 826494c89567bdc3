"""Services with proxies in front of them, as deploy/ configures them."""

import pytest

from tests.deploy.proxies import Caddy, Identity, Nginx
from tests.deploy.visits import LIMIT
from tests.support.processes import Service

BELOW = "/letters"
ELSEWHERE = "set_real_ip_from 127.0.0.0/8; real_ip_header X-Test-Address;"
"""With it visitors come from where they say, to try addresses that the loopback lacks."""


@pytest.fixture(scope="package")
def identity(tmp_path_factory):
    return Identity.make(tmp_path_factory.mktemp("identity"))


@pytest.fixture(scope="package")
def front(identity, tmp_path_factory, program):
    """Return a proxy of the given kind that is not started yet."""
    names = {Nginx: "nginx", Caddy: "caddy"}
    return lambda kind: kind(program(names[kind]), tmp_path_factory.mktemp("front"), identity)


def behind(public_url, folder, **settings):
    return Service(
        folder,
        RESTANTE_PUBLIC_URL=public_url,
        RESTANTE_TRUSTED_PROXIES="1",
        RESTANTE_RATE_LIMITS="on",
        **settings,
    )


@pytest.fixture(scope="package")
def service(tmp_path_factory):
    """A service that any proxy on the loopback may stand in front of."""
    folder = tmp_path_factory.mktemp("service")
    with behind("https://localhost", folder, RESTANTE_LIMIT_PREVIEW=str(LIMIT)) as service:
        yield service


@pytest.fixture(scope="package")
def nginx(service, front):
    nginx = front(Nginx)
    nginx.serve(service.bind)
    with nginx:
        yield nginx


@pytest.fixture(scope="package")
def caddy(service, front):
    caddy = front(Caddy)
    caddy.serve(service.bind)
    with caddy:
        yield caddy


@pytest.fixture(scope="module")
def below(front, tmp_path_factory):
    """Nginx and the service behind it, below a path."""
    nginx = front(Nginx)
    with behind(nginx.public_url + BELOW, tmp_path_factory.mktemp("below")) as service:
        nginx.serve(service.bind, below=BELOW, more=ELSEWHERE)
        with nginx:
            yield nginx, service


@pytest.fixture
def address():
    """An address of the loopback that no other test comes from."""
    address.used += 1
    return f"127.{address.used}.0.5"


address.used = 0
