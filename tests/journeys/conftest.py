"""Services for those journeys that leave them as they were."""

import pytest

from tests.api import Api
from tests.processes import Service


@pytest.fixture(scope="package")
def service(tmp_path_factory):
    with Service(tmp_path_factory.mktemp("journeys")) as service:
        yield service


HIGH = {f"RESTANTE_LIMIT_{name}": "1000000" for name in ("SEND", "PREVIEW", "REVEAL", "PASSPHRASE")}


@pytest.fixture(scope="package")
def counting_service(tmp_path_factory):
    """A service with its limits on, and out of reach: they look at what comes in, too."""
    folder = tmp_path_factory.mktemp("counting")
    with Service(folder, RESTANTE_RATE_LIMITS="on", **HIGH) as service:
        yield service


@pytest.fixture
def api(counting_service):
    """A program that uses the service with limits."""
    return Api(counting_service.url)
