"""To add a channel is one module: this one registers a third, for the tests in it alone."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

from restante import wiring
from restante.channels import CHANNELS
from restante.channels.channel import Channel, Quota
from restante.channels.failures import FailureReason, Refused
from restante.channels.retries import Retries
from restante.details import Details
from restante.messages import Draft
from restante.settings import Settings
from restante.store import keys
from restante.store import script_files as scripts
from restante.store.connection import Connection
from restante.store.stats import Numbers
from tests.conftest import read
from tests.support.processes import ROOT, wait_until
from tests.support.receiver import Receiver
from tests.support.transports import transports
from tests.worker.test_webhook import LOOPBACK
from worker.dispatcher import Dispatcher
from worker.transports.http import Http

TRIES = 3


class Bell(Channel[str, str]):
    """Rings at an address, which is the message's subject, whenever the message is opened."""

    name = "bell"
    wakes = frozenset({"link.revealed", "link.failed"})
    retries = Retries((0,) * (TRIES - 1))

    def __init__(self):
        self.refusals = []

    def keep(self, draft, control, fields):
        subject = draft.details.subject
        facts = {"to": subject} if subject else {}
        return fields.close_target(self.name, control.message_id, facts)

    def target(self, message_id, kept, fields):
        return fields.open_target(self.name, message_id, kept).get("to")

    def receiver(self, target):
        return urlsplit(target).hostname

    def render(self, message_id, number, waiting, fields):
        if waiting.entry.type != "link.revealed":
            return None
        return fields.open_label(waiting.entry.link_id, waiting.label) or "somebody"

    def quota(self, content, keyring):
        return Quota(content.encode().ljust(16), 2)

    def refused(self, content, shard, outbox):
        self.refusals.append(content)

    async def deliver(self, target, notification, through):
        if notification.content == "Nobody":
            raise Refused(FailureReason.ADDRESS_REFUSED)
        headers = {"bell-id": notification.event_id}
        await through.http.post(target, headers, notification.content.encode())


def forget_scripts():
    scripts.script.cache_clear()
    scripts._library.cache_clear()


@pytest.fixture
def bell(monkeypatch):
    """The third channel, registered as a module of the product would be."""
    monkeypatch.setitem(CHANNELS, "bell", Bell())
    forget_scripts()
    yield CHANNELS["bell"]
    forget_scripts()


@pytest.fixture
def house(own_store, ring, bell):
    """A store that holds nothing yet, and the use cases over it."""
    connection = Connection(wiring.connect(own_store(durability="memory").url))
    settings = Settings(webhook_networks=LOOPBACK)
    yield wiring.assemble(settings, ring, connection)
    for pool in connection.pools:
        pool.disconnect()


@pytest.fixture
def dispatcher(house):
    """The product's own dispatcher and transports, running."""
    running = Dispatcher(house.delivering, transports(Http(LOOPBACK)))
    running.start()
    yield running
    running.stop()


def send(house, subject, *, recipients=("Ana",), views=3, **fields):
    details = Details(subject=subject)
    return house.sending.send(
        Draft("x", recipients=recipients, views=views, details=details, **fields)
    )


def nothing_waits(house):
    return wait_until(lambda: not house.delivering.waiting())


def rung(receiver):
    return [(post.headers["bell-id"], post.body.decode()) for post in receiver.taken]


def test_a_third_channel_is_woken_by_its_events_and_delivers_beside_the_others(house, dispatcher):
    with Receiver() as door, Receiver() as hook:
        sent = send(house, door.url, webhook=hook.url)
        house.managing.extend(sent.control, 3_600)
        wait_until(lambda: len(hook.taken) == 1)
        assert door.posts == []
        read(house, sent.links[0].token)
        wait_until(lambda: len(hook.taken) == 2 and door.taken)
        house.managing.recall(sent.control)
        nothing_waits(house)

    name = sent.message_id.hex()
    assert rung(door) == [(f"{name}-3", "Ana")]
    assert [post.id for post in hook.taken] == [f"{name}-2", f"{name}-3", f"{name}-4"]


def test_only_what_wakes_a_channel_lies_in_its_own_outbox(house, bell):
    sent = send(house, "http://127.0.0.1:9/")
    shard = sent.control.shard
    house.managing.extend(sent.control, 3_600)
    before = house.delivering.waiting()
    read(house, sent.links[0].token)

    assert before == []
    assert keys.outbox(shard, "bell").endswith(b":outbox-bell")
    [waiting] = house.delivering.waiting()
    assert (waiting.channel, waiting.receiver) == ("bell", "127.0.0.1")
    assert Numbers(house.connection).read()[0].due == 1
    assert house.delivering.take(shard, 10, "webhook") == []
    [delivery] = house.delivering.take(shard, 10, "bell")
    assert [one.content for one in delivery.notifications] == [None, "Ana"]


def test_a_message_that_does_not_use_it_has_none_of_it(house, bell):
    sent = send(house, None)
    read(house, sent.links[0].token)

    assert house.delivering.waiting() == []


def test_it_is_tried_as_often_as_its_schedule_says_given_up_and_sent_again(house, dispatcher):
    answers = ["drop"] * TRIES + [204]
    with Receiver(lambda _: answers.pop(0)) as door:
        sent = send(house, door.url)
        read(house, sent.links[0].token)
        [dead] = wait_until(house.delivering.dead)
        tries = len(door.posts)
        assert house.delivering.resend(sent.message_id)
        wait_until(lambda: door.taken)
        nothing_waits(house)

    assert (dead.channel, dead.receiver, dead.failure) == ("bell", "127.0.0.1", "dropped")
    assert tries == TRIES
    assert house.delivering.dead() == []


def test_its_quota_and_its_refusals_let_the_next_go_on(house, dispatcher, bell):
    with Receiver() as door:
        sent = send(house, door.url, recipients=("Nobody", "Bob"), views=4)
        nobody, bob = (link.token for link in sent.links)
        read(house, nobody, 1)
        for reader in range(3):
            read(house, bob, reader + 2)
        wait_until(lambda: len(bell.refusals) == 2)
        nothing_waits(house)

    assert [name for _, name in rung(door)] == ["Bob", "Bob"]
    assert bell.refusals == ["Nobody", "Bob"]


def test_no_script_and_no_dispatcher_knows_a_channels_name():
    """The verbs on deliveries, from the script to the command; `status` shows the webhook alone."""
    verbs = ("send", "take", "settle", "resend", "deliveries", "numbers", "forget")
    paths = [f"restante/store/scripts/{verb}.lua" for verb in verbs]
    paths += [f"restante/store/scripts/lib/{part}.lua" for part in ("60_outbox", "70_events")]
    paths += ["restante/store/outbox.py", "restante/delivery.py", "worker/dispatcher.py"]
    paths += ["restante/commands/deliveries.py"]
    names = re.compile(rf"""["'](?:{"|".join(CHANNELS)})["':]""")

    assert [path for path in paths if names.search((ROOT / path).read_text("utf-8"))] == []
