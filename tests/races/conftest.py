"""One service for the races, with two serving processes."""

import pytest

from tests.processes import Service


@pytest.fixture(scope="package")
def service(tmp_path_factory):
    with Service(tmp_path_factory.mktemp("races")) as service:
        yield service
