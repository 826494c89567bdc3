"""Limits: how often one network may ask, counted once for all serving processes."""

import os
import signal
from urllib.parse import quote

import pytest
import redis

from tests.second import dump, forms
from tests.support.api import Api, Visitor, form_of, new_reader_key
from tests.support.lines import lines_to_each
from tests.support.processes import Service

LIMITS = {"SEND": 5, "PREVIEW": 8, "REVEAL": 6, "PASSPHRASE": 3}


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    settings = {f"RESTANTE_LIMIT_{name}": str(limit) for name, limit in LIMITS.items()}
    with Service(
        tmp_path_factory.mktemp("limits"),
        RESTANTE_WEB_WORKERS="2",
        RESTANTE_RATE_LIMITS="on",
        RESTANTE_TRUSTED_PROXIES="1",
        **settings,
    ) as service:
        yield service


@pytest.fixture
def network(request):
    """An address that no other test comes from."""
    network.used += 1
    return f"198.51.100.{network.used}"


network.used = 0


def come_from(address):
    return {"X-Forwarded-For": address}


def at(service, address):
    return Api(service.url, headers=come_from(address))


def sent(service, **fields):
    """Send from a network of its own, so that no limit under test counts it."""
    network.used += 1
    return at(service, f"203.0.113.{network.used}").send("text", **fields)


def is_limited(answer):
    return answer.status == 429 and int(answer.headers["Retry-After"]) > 0


def test_sends_are_limited_for_each_network(service, network):
    api = at(service, network)
    for _ in range(LIMITS["SEND"]):
        api.send("text")
    refused = api.ask("POST", "/api/v1/messages", {"text": "text"})
    other = at(service, "192.0.2.77").ask("POST", "/api/v1/messages", {"text": "text"})

    assert is_limited(refused)
    assert refused.code == "rate-limited"
    assert other.status == 201


def test_a_limit_counts_for_both_processes(service, network):
    lines = lines_to_each(service, 1)
    answers = []
    for turn in range(2 * LIMITS["SEND"]):
        line = list(lines.values())[turn % 2][0]
        answers.append(
            line.ask("POST", "/api/v1/messages", {"text": "x"}, headers=come_from(network)).status
        )
    for kept in lines.values():
        kept[0].close()

    assert answers == [201] * LIMITS["SEND"] + [429] * LIMITS["SEND"]


def test_who_writes_too_much_keeps_what_was_written(service, network):
    visitor = Visitor(service.url, headers=come_from(network))
    written = {"text": "the whole letter", "recipients": "Ana", "passphrase": "a word"}
    statuses = [visitor.post("/", written).status for _ in range(LIMITS["SEND"])]
    assert statuses == [303] * LIMITS["SEND"]
    refused = visitor.post("/", written)

    assert is_limited(refused)
    assert "the whole letter" in refused.text
    assert "Ana" in refused.text
    assert "a word" in refused.text


def test_guessing_addresses_is_limited_as_looking_is(service, network):
    visitor = Visitor(service.url, headers=come_from(network))
    statuses = [visitor.get(f"/m/guess{n}").status for n in range(LIMITS["PREVIEW"])]
    assert statuses == [404] * LIMITS["PREVIEW"]
    refused = visitor.get("/m/guess")
    assert refused.headers["Content-Type"].startswith("text/html")
    through_api = at(service, network).preview("L" + "x" * 34)

    assert is_limited(refused)
    assert is_limited(through_api)


def test_reveals_are_limited_and_what_was_not_opened_stays(service, network):
    api = at(service, network)
    link = sent(service).link
    for _ in range(LIMITS["REVEAL"]):
        api.reveal("L" + "x" * 34, new_reader_key())
    refused = api.reveal(link, new_reader_key())
    elsewhere = at(service, "192.0.2.78").reveal(link, new_reader_key())

    assert is_limited(refused)
    assert elsewhere.json["text"] == "text"


@pytest.mark.parametrize("name", ["passphrase", "p\\u0061ssphrase"])
def test_passphrases_are_limited_however_the_field_is_spelt(service, network, name):
    api = at(service, network)
    link = sent(service, passphrase="a word").link
    body = f'{{"{name}": "wrong"}}'.encode()
    answers = [
        api.ask("POST", "/api/v1/link/reveal", body, token=link, reader_key=new_reader_key())
        for _ in range(LIMITS["PASSPHRASE"] + 1)
    ]

    assert [answer.status for answer in answers] == [403] * LIMITS["PASSPHRASE"] + [429]
    assert answers[-2].json["tries_left"] == 10 - LIMITS["PASSPHRASE"]


def test_taking_back_and_acknowledging_are_never_limited(service, network):
    api = at(service, network)
    message = sent(service, views=2)
    reader_key = new_reader_key()
    assert api.reveal(message.link, reader_key).status == 200

    acknowledged = [api.acknowledge(message.link, reader_key, keep=True).status for _ in range(40)]
    recalled = [api.recall(message.control).status for _ in range(40)]

    assert set(acknowledged) == {204}
    assert set(recalled) == {200}


def test_an_ipv6_network_is_a_64_and_a_mapped_address_is_its_ipv4(service):
    same, other = "2001:db8:1:2:{:x}::1", "2001:db8:1:3::1"
    answers = [
        at(service, same.format(n)).ask("POST", "/api/v1/messages", {"text": "x"}).status
        for n in range(LIMITS["SEND"] + 1)
    ]
    from_other = at(service, other).ask("POST", "/api/v1/messages", {"text": "x"}).status
    mapped = [
        at(service, written).ask("POST", "/api/v1/messages", {"text": "x"}).status
        for written in ["198.51.100.200", "::ffff:198.51.100.200"] * LIMITS["SEND"]
    ]

    assert answers == [201] * LIMITS["SEND"] + [429]
    assert from_other == 201
    assert mapped.count(201) == LIMITS["SEND"]


def test_counters_live_a_minute_and_name_no_network(service, network):
    at(service, network).send("text")
    visitor = Visitor(service.url, headers=come_from(network))
    visitor.get("/m/guess")
    with redis.Redis.from_url(f"unix://{service.data_dir / 'store.sock'}") as store:
        keys = list(store.scan_iter("*:limit:*", count=10_000))
        lives = [store.ttl(key) for key in keys]
        faults = [
            fault
            for key, value in dump.read(store).items()
            for fault in forms.faults(key, value, ends=store.pttl(key) >= 0)
        ]

    assert keys
    assert faults == []
    assert all(0 < life <= 60 for life in lives)
    assert not any(network.encode() in key or quote(network).encode() in key for key in keys)


def test_a_person_who_reaches_the_limit_gets_a_page_and_loses_nothing(service, network):
    visitor = Visitor(service.url, headers=come_from(network))
    link = sent(service).link
    page = visitor.get(f"/m/{link}")
    for _ in range(LIMITS["REVEAL"]):
        visitor.post(f"/m/{link}", {})
    refused = visitor.post(f"/m/{link}", form_of(page, link))
    state = at(service, "192.0.2.79").preview(link).json["state"]

    assert is_limited(refused)
    assert refused.headers["Content-Type"].startswith("text/html")
    assert state == "sealed"


def test_replacing_under_a_passphrase_is_limited_since_it_costs_a_stretching(service, network):
    api = at(service, network)
    message = sent(service, passphrase="a word")
    answers = [
        api.replace(message.control, f"text {n}", passphrase="a word").status
        for n in range(LIMITS["PASSPHRASE"] + 1)
    ]

    assert answers == [200] * LIMITS["PASSPHRASE"] + [429]


def test_who_replaces_too_often_keeps_what_was_written(service, network):
    visitor = Visitor(service.url, headers=come_from(network))
    home = visitor.post("/", {"text": "one", "passphrase": "a word"}).headers["Location"]
    written = {"text": "the whole new letter", "passphrase": "a word"}
    statuses = [
        visitor.post(f"{home}/replace", written).status for _ in range(LIMITS["PASSPHRASE"])
    ]
    refused = visitor.post(f"{home}/replace", written)

    assert statuses == [303] * LIMITS["PASSPHRASE"]
    assert is_limited(refused)
    assert "the whole new letter" in refused.text


@pytest.mark.parametrize("deed", ["acknowledge", "prolong", "confirm", "on-screen"])
def test_a_deed_without_a_ticket_is_a_look_and_counts_as_one(service, network, deed):
    visitor = Visitor(service.url, come_from(network))
    link = sent(service).link
    answers = [visitor.post(f"/m/{link}/{deed}", {}) for _ in range(LIMITS["PREVIEW"] + 1)]

    assert [answer.status for answer in answers[:-1]] == [200] * LIMITS["PREVIEW"]
    assert is_limited(answers[-1])


def test_limits_count_in_memory_while_the_store_cannot(tmp_path):
    with Service(
        tmp_path, RESTANTE_RATE_LIMITS="on", RESTANTE_LIMIT_PREVIEW="4", RESTANTE_WEB_WORKERS="1"
    ) as service:
        api = Api(service.url)
        link = api.send("x").link
        store = service.pid_of("valkey-server")
        os.kill(store, signal.SIGSTOP)
        try:
            statuses = [api.preview(link).status for _ in range(6)]
        finally:
            os.kill(store, signal.SIGCONT)

    assert statuses == [503] * 4 + [429] * 2
