"""Files behind a proxy: larger than any other request, in parts, never on the proxy's disk."""

import os

import pytest

from tests.deploy.proxies import Caddy, Nginx
from tests.support.filing import Reader, sent_with

SIZE = 12 * 1024 * 1024 + 3


@pytest.mark.parametrize("kind", [Nginx, Caddy])
def test_a_file_passes_in_both_directions(kind, request):
    proxy = request.getfixturevalue(kind.__name__.lower())
    data = os.urandom(SIZE)
    with proxy.api() as api:
        sent, _, _ = sent_with(api, data)
        reader = Reader(api, sent["links"][0]["token"])

        assert reader.fetch().body == data
        assert reader.fetch(Range=f"bytes={SIZE - 10}-").body == data[-10:]
