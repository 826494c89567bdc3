"""The visitor's country: estimated by GeoIP data in the package, shown in the page's language."""

import pytest

from tests.support.api import Api, Visitor, new_reader_key
from tests.support.processes import Service

SPAIN = "81.9.128.1"
AMERICA = "2001:4860:4860::8888"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture(scope="module")
def proxied(tmp_path_factory):
    folder = tmp_path_factory.mktemp("country")
    with Service(folder, RESTANTE_TRUSTED_PROXIES="1") as service:
        yield service


def come_from(address):
    return {"X-Forwarded-For": address, "User-Agent": FIREFOX}


def test_the_country_is_gauged_from_the_whole_address_and_told_in_words(proxied):
    sent = Api(proxied.url).send("text", views=2)
    Api(proxied.url, headers=come_from(SPAIN)).reveal(sent.link, new_reader_key())
    Api(proxied.url, headers=come_from(AMERICA)).reveal(sent.link, new_reader_key())
    events = Api(proxied.url).message(sent.control)["events"]
    assert events[1]["evidence"] == {
        "network": "81.9.128.0/24",
        "country": "ES",
        "browser": "Firefox",
        "system": "Windows",
    }
    assert events[2]["evidence"]["country"] == "US"
    sender = Visitor(proxied.url)
    sender.post(f"/s/{sent.control}")
    page = sender.get(f"/s/{sent.control}").text

    assert "Spain · Firefox on Windows · 81.9.128.0/24" in page
    assert "United States · Firefox on Windows" in page


@pytest.mark.parametrize(("address", "country"), [("193.34.195.7", "GB"), ("193.34.195.200", "PL")])
def test_a_network_that_two_countries_share_is_not_gauged_by_its_first_address(
    proxied, address, country
):
    """What is kept is cut to the same /24; should the data change, choose another."""
    sent = Api(proxied.url, headers=come_from(address)).send("text")
    evidence = Api(proxied.url).message(sent.control)["events"][0]["evidence"]

    assert evidence["network"] == "193.34.195.0/24"
    assert evidence["country"] == country


@pytest.mark.parametrize("address", ["10.0.0.1", "203.0.113.9", "2001:db8::1", "::1", "garbage"])
def test_an_address_of_no_country_has_none(proxied, address):
    sent = Api(proxied.url, headers=come_from(address)).send("text")
    evidence = Api(proxied.url).message(sent.control)["events"][0]["evidence"]

    assert "country" not in evidence


@pytest.mark.parametrize("address", [f"::ffff:{SPAIN}", f"64:ff9b::{SPAIN}"])
def test_an_ipv6_address_that_stands_for_an_ipv4_one_has_its_country(proxied, address):
    sent = Api(proxied.url, headers=come_from(address)).send("text")
    evidence = Api(proxied.url).message(sent.control)["events"][0]["evidence"]

    assert evidence["country"] == "ES"


def test_the_country_is_kept_only_in_a_box(proxied):
    Api(proxied.url, headers=come_from(SPAIN)).send("text")
    files = [path.read_bytes() for path in proxied.data_dir.rglob("*") if path.is_file()]
    kept = [*files, proxied.log_path.read_bytes()]

    assert any(b"message.sent" in place for place in kept)
    assert not [place for place in kept if b"country" in place or b"81.9.128" in place]
