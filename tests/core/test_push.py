"""Browsers are told through a real push service of our own, which has the subscriptions' keys."""

import json
import time
from contextlib import contextmanager
from ipaddress import ip_address

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from restante import wiring
from restante.channels.push import TEXT_KEYS
from restante.crypto.keyring import Keyring
from restante.crypto.vapid import CURVE, point, to_base64
from restante.details import Details
from restante.errors import Invalid, NotFound
from restante.messages import Draft
from restante.settings import Settings
from restante.store.connection import Connection
from restante.subscriptions import Subscription
from tests.conftest import read, reader_key
from tests.second import push as second
from tests.support.processes import wait_until
from tests.support.receiver import Receiver
from tests.support.transports import transports
from tests.worker.test_webhook import LOOPBACK
from worker.dispatcher import Dispatcher
from worker.transports.http import Http

AUTH = bytes(range(16))
ROOTS = [bytes(range(at, at + 32)) for at in (0, 64)]


class Browser:
    """A browser's keys, and what it would show."""

    def __init__(self, receiver, name="one"):
        self.key = ec.generate_private_key(CURVE)
        self.endpoint = f"http://127.0.0.1:{receiver.port}/send/{name}"
        self.receiver = receiver

    def subscription(self, house, **more):
        p256dh = to_base64(point(self.key))
        root_id = house.keyring.newest_id
        return Subscription(self.endpoint, p256dh, to_base64(AUTH), root_id, **more)

    def posts(self, taken=None):
        found = self.receiver.taken if taken is None else taken
        return [post for post in found if self.endpoint.endswith(post.path)]

    def shown(self):
        bodies = [second.open_body(self.key, AUTH, post.body) for post in self.posts()]
        return [json.loads(body) for body in bodies]

    def told(self):
        return [one["body"] for one in self.shown()]


@pytest.fixture
def receiver():
    with Receiver(lambda _: 201) as receiver:
        yield receiver


@pytest.fixture
def connection(own_store):
    connection = Connection(wiring.connect(own_store(durability="memory").url))
    yield connection
    for pool in connection.pools:
        pool.disconnect()


@pytest.fixture
def house(connection):
    return assemble(connection, ROOTS[:1])


def assemble(connection, roots, **settings):
    return wiring.assemble(
        Settings(webhook_networks=LOOPBACK, **settings), Keyring(roots), connection
    )


@contextmanager
def delivering(house, *, resolve=None):
    http = Http(LOOPBACK, resolve)
    running = Dispatcher(house.delivering, transports(http, keyring=house.keyring))
    running.start()
    try:
        yield
    finally:
        running.stop()


def nothing_waits(house):
    return wait_until(lambda: not house.delivering.waiting())


def told_of(house, browser, subject="Keys", views=3, **more):
    draft = Draft(
        "the canary sings 4711",
        recipients=("Ana",),
        views=views,
        passphrase="crow over water",
        details=Details(subject=subject),
        push=browser.subscription(house, **more),
    )
    return house.sending.send(draft)


def reveal(house, sent, number=1):
    house.reading.reveal(
        sent.links[0].token, reader_key(number), "crow over water", visitor="browser"
    )


def test_a_browser_is_told_what_its_sender_chose(house, receiver):
    browser = Browser(receiver)
    sent = told_of(house, browser)
    reveal(house, sent)
    reveal(house, sent, 2)
    with delivering(house):
        assert nothing_waits(house)

    [shown] = browser.shown()
    assert set(shown) == TEXT_KEYS
    assert shown["title"] == "Keys"
    assert shown["body"] == "Opened for the first time, by someone who had this link\nAna"
    assert abs(shown["at"] - time.time() * 1_000) < 60_000
    assert shown["message"] == sent.message_id.hex()
    [post] = browser.posts()
    assert post.headers["ttl"] == "259200"
    assert post.headers["urgency"] == "normal"
    assert post.headers["content-encoding"] == "aes128gcm"
    assert len(post.headers["topic"]) == 32
    key, claims = second.claims_of(post.headers["authorization"])
    assert key == second.vapid_public(ROOTS[0])
    assert claims["aud"] == f"http://127.0.0.1:{receiver.port}"
    assert 40_000 < claims["exp"] - time.time() < 86_400


def test_a_push_has_no_content_no_token_no_passphrase_and_no_address_of_the_page(house, receiver):
    browser = Browser(receiver)
    sent = told_of(house, browser, events=("opened",))
    reveal(house, sent)
    with delivering(house):
        assert nothing_waits(house)

    [post] = browser.posts()
    plain = second.open_body(browser.key, AUTH, post.body).decode()
    secrets = (str(sent.control), str(sent.links[0].token), "canary", "4711", "crow")
    for secret in secrets:
        assert secret not in plain
        assert secret.encode() not in post.body
    assert b"Keys" not in post.body
    assert sent.message_id.hex() not in str(post)
    assert len(post.body) == 86 + 1_024 + 16


def test_events_come_in_order_and_in_the_language_of_the_page(house, receiver):
    browser = Browser(receiver)
    events = ("opened", "disputed")
    sent = told_of(house, browser, subject=None, events=events, language="es")
    for number in range(3):
        reveal(house, sent, number)
    house.answering.dispute(sent.links[0].token, [reader_key(9)])
    with delivering(house):
        assert nothing_waits(house)

    numbers = [int(one["event"].rpartition("-")[2]) for one in browser.shown()]
    assert numbers == sorted(numbers)
    assert len(numbers) == 4
    assert {one["title"] for one in browser.shown()} == {"Tu mensaje"}
    assert browser.told()[0].startswith("Abierto por primera vez")
    assert browser.posts()[-1].headers["urgency"] == "high"


def test_a_subscription_is_served_as_long_as_its_root_key_is_there(connection, receiver):
    old = assemble(connection, ROOTS[:1])
    browser = Browser(receiver)
    first, second_one = told_of(old, browser), told_of(old, browser)
    turned = assemble(connection, [ROOTS[1], ROOTS[0]])
    reveal(turned, first)
    with delivering(turned):
        assert nothing_waits(turned)
    assert second.claims_of(browser.posts()[0].headers["authorization"])[0] == second.vapid_public(
        ROOTS[0]
    )
    assert turned.vapid_keys.root_of(old.vapid_keys.newest) == turned.keyring.ids[1]

    reveal(turned, second_one)
    left = assemble(connection, ROOTS[1:])
    with delivering(left):
        assert wait_until(lambda: any(one.failure for one in left.delivering.waiting()))

    [waiting] = left.delivering.waiting()
    assert waiting.failure == "root-key-missing"


@pytest.mark.parametrize("status", [404, 410])
def test_a_browser_that_is_gone_is_removed(house, receiver, status):
    gone, there = Browser(receiver, "gone"), Browser(receiver, "there")
    receiver.behave = lambda post: status if post.path.endswith("gone") else 201
    sent = told_of(house, gone, events=("opened",))
    house.managing.subscribe(sent.control, there.subscription(house, events=("opened",)))
    for number in range(3):
        reveal(house, sent, number)
    with delivering(house):
        assert nothing_waits(house)

    assert [post.path for post in receiver.posts].count("/send/gone") == 1
    assert len(there.shown()) == 3
    assert house.delivering.dead() == []
    assert house.managing.status(sent.control).subscribers == (
        there.subscription(house).id_for(sent.message_id),
    )


@pytest.mark.parametrize("status", [429, 500, 503, 400, 403])
def test_what_is_refused_for_now_is_repeated_as_the_same(house, receiver, status):
    browser = Browser(receiver)
    receiver.behave = lambda _: status if len(receiver.posts) < 2 else 201
    sent = told_of(house, browser)
    reveal(house, sent)
    with delivering(house):
        assert wait_until(lambda: any(one.failure for one in house.delivering.waiting()))
        [waiting] = house.delivering.waiting()
        assert waiting.failure == str(status)
        assert waiting.receiver == f"http://127.0.0.1:{receiver.port}"
        assert waiting.at - time.time() * 1_000 > 1_500 if status != 429 else 5_000
        assert house.delivering.resend(sent.message_id)
        assert nothing_waits(house)

    first, again = receiver.posts
    assert first.headers["topic"] == again.headers["topic"]
    assert first.body != again.body
    assert second.open_body(browser.key, AUTH, first.body) == second.open_body(
        browser.key, AUTH, again.body
    )


def test_a_hanging_push_service_delays_nobody_else(house, receiver):
    with Receiver(lambda _: "hang", host="127.0.0.2") as hanging:
        slow, quick = Browser(hanging, "slow"), Browser(receiver, "quick")
        slow.endpoint = slow.endpoint.replace("127.0.0.1", "127.0.0.2")
        for _ in range(40):
            reveal(house, told_of(house, slow))
        both = told_of(house, slow)
        house.managing.subscribe(both.control, quick.subscription(house))
        with delivering(house):
            assert wait_until(lambda: hanging.posts)
            reveal(house, both)
            assert wait_until(quick.shown, 5)


def test_one_browser_that_is_refused_does_not_slow_down_its_push_service(house, receiver):
    bad, good = Browser(receiver, "bad"), Browser(receiver, "good")
    receiver.behave = lambda post: 403 if post.path.endswith("bad") else 201
    for _ in range(5):
        reveal(house, told_of(house, bad))
        reveal(house, told_of(house, good))
    with delivering(house):
        assert wait_until(lambda: len(good.shown()) == 5, 5)


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://10.0.0.1/x",
        "https://169.254.169.254/latest",
        "https://user@push.example/",
        "ftp://push.example/",
        "https://push.example:22/",
        "https://push.example/" + "x" * 800,
        "",
    ],
)
def test_an_endpoint_passes_the_guard_of_webhooks(house, receiver, endpoint):
    browser = Browser(receiver)
    sent = told_of(house, browser)
    browser.endpoint = endpoint
    its = browser.subscription(house)

    with pytest.raises(Invalid):
        house.managing.subscribe(sent.control, its)
    with pytest.raises(Invalid):
        house.sending.send(Draft("x", push=its))


def test_a_name_that_leads_inside_is_refused_when_it_is_delivered(house, receiver):
    browser = Browser(receiver)
    browser.endpoint = "https://push.example/x"
    reveal(house, told_of(house, browser))
    with delivering(house, resolve=lambda *_: [ip_address("10.1.2.3")]):
        assert wait_until(lambda: any(one.failure for one in house.delivering.waiting()))

    assert house.delivering.waiting()[0].failure == "address-refused"
    assert receiver.posts == []


def test_three_browsers_at_most_are_told_and_each_can_be_stopped(house, receiver):
    browsers = [Browser(receiver, name) for name in "abcd"]
    sent = told_of(house, browsers[0])
    for one in browsers[1:3]:
        house.managing.subscribe(sent.control, one.subscription(house))
        house.managing.subscribe(sent.control, one.subscription(house))
    assert len(house.managing.status(sent.control).subscribers) == 3
    with pytest.raises(Invalid):
        house.managing.subscribe(sent.control, browsers[3].subscription(house))

    house.managing.unsubscribe(sent.control, browsers[1].endpoint)
    house.managing.unsubscribe(sent.control, browsers[1].endpoint)
    house.managing.subscribe(sent.control, browsers[3].subscription(house))
    reveal(house, sent)
    with delivering(house):
        assert nothing_waits(house)
    assert [len(one.shown()) for one in browsers] == [1, 0, 1, 1]

    house.managing.unsubscribe(sent.control)
    assert house.managing.status(sent.control).subscribers == ()
    house.managing.forget(sent.control)
    with pytest.raises(NotFound):
        house.managing.subscribe(sent.control, browsers[0].subscription(house))
    with pytest.raises(NotFound):
        house.managing.unsubscribe(sent.control)


def test_a_browser_is_told_nothing_that_happened_before(house, receiver):
    first, later = Browser(receiver, "first"), Browser(receiver, "later")
    sent = told_of(house, first, events=("opened",))
    reveal(house, sent, 1)
    house.managing.subscribe(sent.control, later.subscription(house, events=("opened",)))
    reveal(house, sent, 2)
    with delivering(house):
        assert nothing_waits(house)

    assert [len(one.shown()) for one in (first, later)] == [2, 1]


def test_after_a_stop_nothing_of_the_browser_is_left_and_what_waits_is_dropped(
    house, receiver, connection
):
    browser = Browser(receiver)
    sent = told_of(house, browser)
    reveal(house, sent)
    house.managing.unsubscribe(sent.control, browser.endpoint)
    with delivering(house):
        assert nothing_waits(house)

    assert receiver.posts == []
    assert read(house, house.sending.send(Draft("x")).links[0].token) == "x"


def test_without_the_setting_no_browser_is_told(connection, receiver):
    house = assemble(connection, ROOTS[:1], push=False)

    with pytest.raises(Invalid):
        house.sending.send(Draft("x", push=Browser(receiver).subscription(house)))
