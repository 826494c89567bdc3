"""What is the same for everybody comes compressed, once, and to be kept."""

import gzip
import re

import pytest

from tests.support.api import Api

NAMES = ("app.css", "app.js", "favicon.svg")


@pytest.mark.parametrize("name", NAMES)
def test_what_holds_no_secret_is_compressed_for_browsers_that_can_read_it(api, name):
    page = api.ask("GET", "/")
    path = re.search(rf'"(/static/{re.escape(name)}\?v=[0-9a-f]{{12}})"', page.text)[1]
    plain = api.ask("GET", path)
    assert "Content-Encoding" not in plain.headers
    small = api.ask("GET", path, headers={"Accept-Encoding": "br, gzip"})
    assert small.headers["Content-Encoding"] == "gzip"
    assert len(small.body) < len(plain.body)
    assert small.headers["Content-Type"] == plain.headers["Content-Type"]
    assert int(small.headers["Content-Length"]) == len(small.body)
    refused = api.ask("GET", path, headers={"Accept-Encoding": "gzip;q=0, br"})

    assert gzip.decompress(small.body) == plain.body == refused.body
    assert "Content-Encoding" not in refused.headers
    assert {a.headers["Vary"] for a in (plain, small, refused)} == {"Accept-Encoding"}


def test_a_page_is_never_compressed(api: Api):
    """Its length would tell of what it holds."""
    answer = api.ask("GET", "/", headers={"Accept-Encoding": "gzip"})

    assert "Content-Encoding" not in answer.headers
