"""Events reach the sender's own system, whatever breaks on the way: service, worker and wire."""

import os
import signal
import time
from contextlib import ExitStack

import pytest
from standardwebhooks import Webhook as Independent

from restante_client import verify_webhook
from tests.support.api import Api, new_reader_key
from tests.support.processes import Service, command_of, wait_until
from tests.support.receiver import Receiver

OURS = {"RESTANTE_WEBHOOK_NETWORKS": "127.0.0.0/8"}


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """A service that may reach loopback."""
    with Service(tmp_path_factory.mktemp("told"), **OURS) as service:
        yield service


def send(service, receiver, **fields):
    """Send a message whose events go to the receiver."""
    return Api(service.url).send("the safe", notify={"webhook": receiver.url}, **fields)


def of(posts, sent):
    """Return those posts that tell of this message."""
    return [post for post in posts if post.message == sent.answer["id"]]


def numbers(posts):
    return [post.number for post in posts]


def test_whoever_sends_with_a_webhook_is_told_of_every_event_in_order(told):
    api = Api(told.url)
    with Receiver() as receiver:
        sent = send(told, receiver, recipients=["Ana", "Bob"], views=2)
        reader_key = new_reader_key()
        api.preview(sent.links[0])
        api.reveal(sent.links[0], reader_key)
        api.acknowledge(sent.links[0], reader_key)
        api.extend(sent.control, 3_600)
        api.recall(sent.control, reason="wrong Bob")
        wait_until(lambda: len(receiver.taken) == 5)

    message = api.message(sent.control)
    events = [post.json["data"]["event"] for post in receiver.taken]
    assert events == message["events"][1:]
    assert [post.id for post in receiver.taken] == [event["id"] for event in events]
    assert [post.json["data"]["recipient"] for post in receiver.taken] == [
        "Ana", "Ana", None, "Ana", "Bob",
    ]  # fmt: skip
    assert message["notify"] == {"webhook": receiver.url}
    verify = Independent(sent.answer["webhook_secret"])
    for post in receiver.taken:
        assert verify.verify(post.body, post.headers) == post.json
        ours = verify_webhook(sent.answer["webhook_secret"], post.headers, post.body)
        assert ours.event.raw == post.json["data"]["event"]
        assert post.json["type"] == post.json["data"]["event"]["type"]
        assert "the safe" not in post.body.decode()


def test_without_a_webhook_there_is_no_secret_and_nothing_to_tell(told):
    sent = Api(told.url).send("x")

    assert "webhook_secret" not in sent.answer
    assert Api(told.url).message(sent.control)["notify"] is None


@pytest.mark.parametrize(
    ("notify", "field"),
    [
        ({"webhook": "https://10.0.0.1/"}, "notify.webhook"),
        ({"webhook": "ftp://hooks.example/"}, "notify.webhook"),
        ({"webhook": 7}, "notify.webhook"),
        ({"webhok": "https://hooks.example/"}, "notify.webhok"),
        ({"webhook": "https://hooks.example/", "email": "ana@example.org"}, "notify.email"),
        ("https://hooks.example/", "notify"),
        ([], "notify"),
    ],
)
def test_a_webhook_that_cannot_be_is_a_fault_and_nothing_is_sent(told, notify, field):
    answer = Api(told.url).ask("POST", "/api/v1/messages", {"text": "x", "notify": notify})

    assert (answer.status, answer.code) == (422, "invalid")
    assert [fault["field"] for fault in answer.json["errors"]] == [field]
    assert "hooks.example" not in answer.text
    assert "10.0.0.1" not in answer.text


def test_a_receiver_that_fails_in_every_way_and_comes_back_misses_nothing(told):
    """It refuses, drops, answers half, redirects; then takes; each time the same id first."""
    ways = ["drop", "half", 500, 404, "301 http://127.0.0.1:1/"]
    with Receiver() as receiver:
        tries: dict[str, int] = {}

        def behave(post):
            tries[post.message] = tries.get(post.message, 0) + 1
            return ways[order[post.message]] if tries[post.message] == 1 else 204

        order: dict[str, int] = {}
        receiver.behave = behave
        sent = []
        for place in range(len(ways)):
            one = send(told, receiver, views=3)
            order[one.answer["id"]] = place
            sent.append(one)
        for one in sent:
            Api(told.url).reveal(one.links[0], new_reader_key())
        wait_until(lambda: len(receiver.posts) == len(ways))
        for one in sent:
            Api(told.url).reveal(one.links[0], new_reader_key())
        wait_until(lambda: len(receiver.taken) == 2 * len(ways), 30)

    for one in sent:
        came = of(receiver.posts, one)
        assert numbers(came) == [2, 2, 3]
        assert came[0].body == came[1].body
        assert came[1].at - came[0].at > 3.5
    assert "delivery failed" in told.events()


def test_a_receiver_that_hangs_delays_nobody_else(told):
    with Receiver(lambda _: "hang") as slow, Receiver(host="127.0.0.2") as quick:
        for _ in range(20):
            Api(told.url).recall(send(told, slow).control)
        wait_until(lambda: len(slow.posts) >= 4)
        began = time.monotonic()
        sent = send(told, quick)
        Api(told.url).recall(sent.control)
        wait_until(lambda: quick.taken)

        assert time.monotonic() - began < 5
        assert len(slow.posts) <= 8


def test_sixteen_receivers_that_hang_delay_nobody_else(told):
    with ExitStack() as stack:
        slow = [
            stack.enter_context(Receiver(lambda _: "hang", f"127.0.0.{host}"))
            for host in range(2, 18)
        ]
        quick = stack.enter_context(Receiver())
        for receiver in slow * 6:
            Api(told.url).recall(send(told, receiver).control)
        wait_until(lambda: sum(len(receiver.posts) for receiver in slow) >= 64)
        began = time.monotonic()
        sent = send(told, quick)
        Api(told.url).recall(sent.control)
        wait_until(lambda: quick.taken)

        assert time.monotonic() - began < 5


def names_of(receiver, many):
    """Return so many addresses of one receiver, each as if it were another."""
    return [f"http://127.1.{n // 200}.{n % 200 + 1}:{receiver.port}/" for n in range(many)]


def test_a_receiver_that_failed_leaves_most_slots_to_the_others(told):
    """A hundred that failed once and then hang hold 64 of the 256, and nobody waits for them."""
    seen: set[str] = set()

    def behave(post):
        again = post.message in seen
        seen.add(post.message)
        return "hang" if again else 500

    with Receiver(behave, "0.0.0.0") as failing, Receiver() as quick:  # noqa: S104 (127.1.x.y)
        for url in names_of(failing, 100):
            sent = Api(told.url).send("x", notify={"webhook": url})
            Api(told.url).recall(sent.control)
        wait_until(lambda: len(failing.posts) >= 164, 30)
        sent = send(told, quick)
        Api(told.url).recall(sent.control)
        wait_until(lambda: quick.taken)

        again = sorted(post.at for post in failing.posts)[100:]
        # A receiver that hangs holds its place for ten seconds.
        assert sum(at < again[0] + 9 for at in again) == 64


def test_what_happens_while_the_worker_is_dead_is_told_when_it_is_back(tmp_path):
    with Receiver() as receiver, Service(tmp_path, **OURS) as service:
        sent = send(service, receiver, views=5)
        os.kill(service.pid_of("-m worker"), signal.SIGSTOP)
        for _ in range(3):
            Api(service.url).reveal(sent.links[0], new_reader_key())
        for pid in service.pids():
            if "-m restante" in command_of(pid):
                os.kill(pid, signal.SIGKILL)
        service.process.wait()
        wait_until(lambda: not [p for p in service.pids() if p != service.process.pid])
        service._starts = service.times_ready()
        service.start()
        wait_until(lambda: len(receiver.taken) == 3, 40)

    assert numbers(receiver.taken) == [2, 3, 4]


def test_the_webhooks_address_stands_in_no_log_and_nowhere_in_the_store(told):
    with Receiver(lambda _: 500) as receiver:
        sent = send(told, receiver)
        Api(told.url).recall(sent.control)
        wait_until(lambda: receiver.posts)
        wait_until(lambda: told.log().count("delivery failed"))
        kept = b"".join(path.read_bytes() for path in told.data_dir.rglob("*") if path.is_file())

    for secret in (f":{receiver.port}", "of-the-receiver", sent.answer["webhook_secret"]):
        assert secret not in told.log()
        assert secret.encode() not in kept
