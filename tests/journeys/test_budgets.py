"""Budgets: how much one network may send in a day, in messages and in bytes."""

import json
import re
import time

import pytest
import redis

from tests.support.api import Api, Visitor, form_of
from tests.support.lines import at_once
from tests.support.processes import Service

MESSAGES, BYTES = 4, 1_000
METRICS_TOKEN = "a-token-for-those-who-watch"
DAY_SECONDS = 86_400


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with Service(
        tmp_path_factory.mktemp("budgets"),
        RESTANTE_RATE_LIMITS="on",
        RESTANTE_TRUSTED_PROXIES="1",
        RESTANTE_BUDGET_MESSAGES=str(MESSAGES),
        RESTANTE_BUDGET_BYTES=str(BYTES),
        RESTANTE_TEXT_MAX=str(BYTES),
        RESTANTE_METRICS_TOKEN=METRICS_TOKEN,
    ) as service:
        yield service


@pytest.fixture
def address():
    """An address that no other test comes from."""
    address.used += 1
    return f"198.51.100.{address.used}"


address.used = 0


@pytest.fixture
def api(service, address):
    return Api(service.url, headers={"X-Forwarded-For": address})


@pytest.fixture
def visitor(service, address):
    return Visitor(service.url, headers={"X-Forwarded-For": address})


def ask(api, text="x", **fields):
    return api.ask("POST", "/api/v1/messages", {"text": text, **fields})


def is_spent(answer):
    return answer.status == 429 and 0 < int(answer.headers["Retry-After"]) <= DAY_SECONDS


def test_a_spent_budget_is_counted(service, api):
    def refused():
        shown = Api(service.url).ask("GET", "/metrics", token=METRICS_TOKEN).text
        line = 'restante_rate_limited_total{limit="budget"} '
        return float(shown.partition(line)[2].splitlines()[0])

    before = refused()
    for _ in range(MESSAGES + 2):
        ask(api)

    assert refused() == before + 2


def test_a_network_sends_so_many_messages_in_a_day(service, api):
    began = time.monotonic()
    statuses = [ask(api).status for _ in range(MESSAGES)]
    assert statuses == [201] * MESSAGES
    refused = ask(api)
    assert refused.code == "rate-limited"
    assert refused.json["title"] == "This network has sent as much as it may for today."
    lasted = time.monotonic() - began
    assert DAY_SECONDS - lasted - 1 <= int(refused.headers["Retry-After"]) <= DAY_SECONDS
    other = ask(Api(service.url, headers={"X-Forwarded-For": "203.0.113.1"}))

    assert other.status == 201


def test_a_network_sends_so_many_bytes_in_a_day_and_a_shorter_text_may_still_go(api):
    first = ask(api, "\N{WINKING FACE}" * 200)
    too_much, the_rest = ask(api, "x" * 201), ask(api, "x" * 200)
    no_more = ask(api, "x")

    assert (first.status, the_rest.status) == (201, 201)
    assert is_spent(too_much)
    assert is_spent(no_more)


def test_a_new_text_counts_as_a_message_does(api):
    sent = api.send("x" * 500)
    replaced = api.replace(sent.control, "y" * 500)
    refused = api.replace(sent.control, "z")
    text = api.reveal(sent.link, "a-key-of-a-reader").json["text"]

    assert replaced.json["version"] == 2
    assert is_spent(refused)
    assert text == "y" * 500


def test_what_is_at_fault_costs_nothing(api):
    secret = api.send("x", passphrase="a word")
    for _ in range(MESSAGES):
        assert ask(api, "x", views=0).status == 422
        assert ask(api, "").status == 422
        assert api.replace("C" + "A" * 34, "x").status == 404
        assert api.replace(secret.control, "x").status == 422
        assert api.replace(secret.control, "", passphrase="a word").status == 422
    left = [ask(api).status for _ in range(MESSAGES)]

    assert left == [201] * (MESSAGES - 1) + [429]


def test_looking_recalling_and_extending_cost_nothing(api):
    messages = [api.send("x") for _ in range(MESSAGES)]

    assert is_spent(ask(api))
    assert api.preview(messages[0].link).status == 200
    assert api.extend(messages[0].control, 3_600).status == 200
    assert api.recall(messages[0].control).status == 200


def test_of_many_sends_at_once_no_more_go_than_may(api):
    answers = at_once([lambda: ask(api, "x" * 400).status for _ in range(8)])

    assert sorted(answers) == [201, 201, *[429] * 6]


def test_on_the_page_everything_typed_stays_and_it_says_until_when(visitor):
    letter = {"text": "the whole letter", "recipients": "Ana", "passphrase": "a word"}
    statuses = [visitor.post("/", letter).status for _ in range(MESSAGES)]
    refused = visitor.post("/", letter)

    assert statuses == [303] * MESSAGES
    assert is_spent(refused)
    assert "This network has sent as much as it may for today." in refused.text
    assert all(word in refused.text for word in letter.values())


def test_a_replace_by_hand_keeps_the_new_text_too(visitor):
    home = visitor.post("/", {"text": "x" * 900}).headers["Location"]
    refused = visitor.post(f"{home}/replace", {"text": "the whole new letter" * 10})

    assert is_spent(refused)
    assert "the whole new letter" in refused.text
    assert "This network has sent as much as it may for today." in refused.text


def test_counters_live_a_day_and_name_no_network(service, api, address):
    ask(api)
    with redis.Redis.from_url(f"unix://{service.data_dir / 'store.sock'}") as store:
        found = list(store.scan_iter("*:budget:*", count=10_000))
        lives = [store.ttl(key) for key in found]
        kept = [store.hgetall(key) for key in found]

    assert found
    assert all(0 < life <= DAY_SECONDS for life in lives)
    assert all(set(one) == {b"messages", b"bytes"} for one in kept)
    assert not any(address.encode() in key for key in found)


def test_without_rate_limits_there_is_no_budget(tmp_path):
    with Service(tmp_path, RESTANTE_BUDGET_MESSAGES="1") as service:
        api = Api(service.url)

        assert [ask(api).status for _ in range(3)] == [201] * 3


def test_a_network_has_so_many_tests_and_told_browsers_a_day(tmp_path):
    own = {"RESTANTE_BUDGET_TESTS_NETWORK": "1", "RESTANTE_BUDGET_PUSHES_NETWORK": "1"}
    with Service(tmp_path, RESTANTE_RATE_LIMITS="on", **own) as service:
        api, visitor = Api(service.url), Visitor(service.url)
        visitor.get("/")
        first, second = (
            api.send("x", notify={"webhook": "https://nothing.invalid/"}) for _ in range(2)
        )
        path = "/api/v1/message/notify/test"
        tests = [api.ask("POST", path, token=sent.control) for sent in (first, second)]
        pages = [visitor.post("/", {"text": "x"}).headers["Location"] for _ in range(2)]
        told = [visitor.post(f"{page}/push", subscription(visitor, page)) for page in pages]

    assert tests[0].status == 200
    assert is_spent(tests[1])
    assert [answer.status for answer in told] == [303, 429]


def subscription(visitor, page):
    """Return the form that a browser sends which wants to be told."""
    shown = visitor.get(page)
    key = re.search(r'data-keys="([\w-]+)', shown.text)[1]
    keys = {"p256dh": key, "auth": "A" * 22}
    its = {"endpoint": "https://push.example/send/one", "keys": keys, "key": key}
    return form_of(shown, "/push") | {"push": json.dumps(its)}
