"""A service, clients of it, and a bad line between the two."""

import ssl

import pytest
import redis

from restante_client import Client, Policy
from tests.support import canaries
from tests.support.api import Api
from tests.support.bad_line import BadLine
from tests.support.command import Shell
from tests.support.processes import Service

TEXT = "the safe is behind the Vermeer"
HASTY = Policy(tries=12, patience=30.0, first_wait=0.01, longest_wait=0.05)
CONTEXT = ssl.create_default_context()
"""One for all: to make it takes longer than most tests."""

LINE = f"{TEXT}\n"

canaries.learn("text that was sent", TEXT)


@pytest.fixture(scope="package")
def service(tmp_path_factory):
    with Service(tmp_path_factory.mktemp("client")) as service:
        yield service


@pytest.fixture
def api(service):
    """Somebody else, over a good line."""
    return Api(service.url)


@pytest.fixture
def client(service):
    with Client(service.url, policy=HASTY, verify=CONTEXT) as client:
        yield client


@pytest.fixture
def line(service):
    with BadLine(int(service.url.rpartition(":")[2])) as line:
        yield line


@pytest.fixture
def far_client(line):
    """A client behind the bad line.  It waits half a second for each answer."""
    with Client(line.url, timeout=0.5, policy=HASTY, verify=CONTEXT) as client:
        yield client


@pytest.fixture
def shell(service, tmp_path):
    """A machine with the command on it."""
    return Shell(tmp_path, service.url)


@pytest.fixture
def messages(service):
    """Return how many messages the store holds."""

    def count():
        with redis.Redis.from_url(f"unix://{service.data_dir / 'store.sock'}") as store:
            return sum(1 for _ in store.scan_iter(b"*:message:*", count=10_000))

    return count
