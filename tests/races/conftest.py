"""One service for the races, with two serving processes."""

import pytest

from tests.support.processes import Service


@pytest.fixture(scope="package")
def service(tmp_path_factory):
    with Service(tmp_path_factory.mktemp("races"), RESTANTE_WEB_WORKERS="2") as service:
        yield service
