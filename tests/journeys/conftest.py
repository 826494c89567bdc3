"""One service for those journeys that leave it as it was."""

import pytest

from tests.processes import Service


@pytest.fixture(scope="package")
def service(tmp_path_factory):
    with Service(tmp_path_factory.mktemp("journeys")) as service:
        yield service
