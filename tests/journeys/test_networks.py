"""What proxies say of a visitor, and that the log tells when it is not heard, without values."""

import json

import pytest

from tests.support.api import Api, Visitor
from tests.support.processes import Service
from webapp.http.proxies import MISSING, UNTRUSTED, WORDS

CANARY = "203.0.113.77"


def warnings_in(service):
    lines = (json.loads(line) for line in service.log().splitlines() if line.startswith("{"))
    return [line["event"] for line in lines if line["level"] == "warning"]


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
def test_forwarding_headers_without_a_trusted_proxy_are_logged_once_per_process(tmp_path, header):
    with Service(tmp_path, RESTANTE_WEB_WORKERS="1") as service:
        quiet = [Visitor(service.url).get("/").status, list(warnings_in(service))]
        for _ in range(5):
            Visitor(service.url, headers={header: f"for={CANARY}"}).get("/")

        assert quiet == [200, []]
        assert warnings_in(service) == [WORDS[UNTRUSTED]]
        assert CANARY not in service.log()


def test_a_trusted_proxy_without_forwarding_headers_is_logged_except_for_health_checks(tmp_path):
    with Service(tmp_path, RESTANTE_WEB_WORKERS="1", RESTANTE_TRUSTED_PROXIES="2") as service:
        api = Api(service.url, headers={"X-Forwarded-For": f"{CANARY}, 10.0.0.1"})
        for path in ("/healthz", "/readyz"):
            assert Api(service.url).ask("GET", path).status == 200
        api.send("text")
        quiet = list(warnings_in(service))
        for few in ({}, {"X-Forwarded-For": CANARY}, {"X-Forwarded-For": ", 10.0.0.1"}):
            control = Api(service.url, headers=few).send("text").control

        evidence = Api(service.url).message(control)["events"][0]["evidence"]
        assert quiet == []
        assert warnings_in(service) == [WORDS[MISSING]]
        assert "network" not in evidence
        assert CANARY not in service.log()


@pytest.mark.parametrize(
    ("written", "network"),
    [
        ("192.0.2.1", "192.0.2.0/24"),
        ("::ffff:192.0.2.1", "192.0.2.0/24"),
        ("::ffff:192.0.2.1%eth0", "192.0.2.0/24"),
        ("192.0.2.1:4711", "192.0.2.0/24"),
        ("[2001:db8:1:2::1]:4711", "2001:db8:1::/48"),
        ("2001:db8:1:2::1%25eth0", "2001:db8:1::/48"),
        ("garbage", None),
        ("\x80\xff", None),
        ("1" * 7_000, None),
        ("%", None),
        ("[", None),
    ],
)
def test_whatever_a_proxy_writes_breaks_nothing(plain_proxied, written, network):
    given = {"X-Forwarded-For": written.encode("latin1")}
    api = Api(plain_proxied.url, headers=given)
    sent = api.send("text")
    page = Visitor(plain_proxied.url, headers=given).get("/")
    event = api.message(sent.control)["events"][0]

    assert page.status == 200
    assert event["evidence"].get("network") == network


@pytest.fixture(scope="module")
def plain_proxied(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plain-proxied")
    with Service(folder, RESTANTE_TRUSTED_PROXIES="1") as service:
        yield service


@pytest.fixture(scope="module")
def proxied(tmp_path_factory):
    with Service(
        tmp_path_factory.mktemp("proxied"),
        RESTANTE_TRUSTED_PROXIES="1",
        RESTANTE_RATE_LIMITS="on",
        RESTANTE_LIMIT_SEND="3",
        RESTANTE_PUBLIC_URL="https://letters.example/post",
    ) as service:
        yield service


def send(service, address):
    headers = {"X-Forwarded-For": address, "Host": "letters.example"}
    path = "/post/api/v1/messages"
    return Api(service.url, headers=headers).ask("POST", path, {"text": "x"}).status


def test_spellings_of_one_address_are_one_network(proxied):
    spellings = ["198.51.100.9", "::ffff:198.51.100.9", "198.51.100.9:80", "[::ffff:c633:6409]:1"]

    assert [send(proxied, one) for one in spellings] == [201, 201, 201, 429]


def test_all_visitors_of_unknown_address_count_as_one_network(proxied):
    statuses = [send(proxied, one) for one in ("garbage", "192.0.2", "unknown", "x" * 99, "")]

    assert 429 in statuses
    assert set(statuses[3:]) == {429}


def test_below_a_path_behind_a_proxy_a_foreign_host_is_refused_and_ours_is_not(proxied):
    for path in ("/post/", "/"):
        for host, status in (("letters.example", 200), ("evil.example", 400), ("127.0.0.1", 400)):
            headers = {"Host": host, "X-Forwarded-For": "192.0.2.1"}

            assert Api(proxied.url, headers=headers).ask("GET", path).status == status
