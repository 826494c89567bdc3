"""Events on their way: the timeline is the outbox, in order, at least once, on a turned clock."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import redis

from restante import wiring
from restante.channels import webhook_formats
from restante.channels.failures import Failure
from restante.channels.webhook import Webhook
from restante.crypto import keyring
from restante.crypto.keyring import Keyring
from restante.crypto.tokens import SHARDS
from restante.delivery import EVENTS_MOST, LEASE_SECONDS
from restante.errors import NotFound
from restante.messages import Draft, Evidence
from restante.sending import NOTIFYING_SECONDS
from restante.settings import DAY, Settings
from restante.store.connection import Connection
from restante.store.keys import TAGS
from restante.store.script_files import script
from tests.conftest import check_times, happened, kept_of, read, reader_key

URL = "https://hooks.example/restante"
LEASE = LEASE_SECONDS * 1000
JITTER, WAITS_SECONDS = Webhook.retries.jitter, Webhook.retries.waits


@pytest.fixture
def emptied(own_store):
    """The way to a store that holds nothing yet: what is due there is this test's alone."""
    connection = Connection(wiring.connect(own_store(durability="memory").url))
    yield connection
    for pool in connection.pools:
        pool.disconnect()


@pytest.fixture
def ours(emptied, ring, clock):
    return wiring.assemble(Settings(retention_seconds=1), ring, emptied, now=clock.now)


def send(house, **fields):
    return house.sending.send(Draft("x", webhook=URL, **fields))


def take(house, most=100):
    return [delivery for shard in range(SHARDS) for delivery in house.delivering.take(shard, most)]


def test_a_delivery_is_dated_by_the_stores_clock(ours, clock):
    """The worker's own clock may be wrong; see also test_dispatcher.py."""
    sent = send(ours)
    clock.forward(600_000)
    read(ours, sent.links[0].token)
    [delivery] = take(ours)

    assert delivery.due.taken_at == clock.now()


def ids(deliveries):
    return [n.event_id for delivery in deliveries for n in delivery.notifications]


def deliver_all(house):
    """Deliver whatever is due; return the ids in the order of their delivery."""
    delivered = []
    while taken := take(house):
        delivered += ids(taken)
        for delivery in taken:
            house.delivering.settle(delivery, len(delivery.notifications))
    return delivered


def numbers(sent, *which):
    return [f"{sent.message_id.hex()}-{n}" for n in which]


def test_every_deed_but_the_sending_is_due_at_once(ours):
    sent = send(ours, views=2)
    assert take(ours) == []
    ours.reading.preview(sent.links[0].token, [reader_key()], visitor="browser")
    assert take(ours) == []
    read(ours, sent.links[0].token, 1)
    ours.managing.extend(sent.control, 3_600)
    ours.managing.recall(sent.control)

    assert deliver_all(ours) == numbers(sent, 2, 3, 4)
    assert deliver_all(ours) == []


def test_a_message_without_a_webhook_leaves_nothing_to_deliver(ours, emptied):
    sent = ours.sending.send(Draft("x"))
    read(ours, sent.links[0].token)

    assert take(ours) == []
    assert emptied.run("due", f"{{{TAGS[sent.control.shard]}}}:outbox".encode(), 2**52, 10) == []


def test_an_event_is_told_as_the_api_tells_it(ours, clock):
    sent = send(ours, recipients=("Ana", "Bob"))
    at = clock.now()
    ours.reading.reveal(
        sent.links[1].token,
        reader_key(),
        None,
        visitor="browser",
        evidence=Evidence("192.0.2.0/24", "Firefox", "Linux", "ES"),
    )
    [delivery] = take(ours)
    [notification] = delivery.notifications

    told = json.loads(webhook_formats.post("standard", notification.content, None, None).body)
    assert delivery.target[:2] == (URL, sent.control.webhook_secret)
    assert told["type"] == "link.revealed"
    assert told["timestamp"] == told["data"]["event"]["at"]
    assert told["data"]["message"] == sent.message_id.hex()
    assert told["data"]["recipient"] == "Bob"
    assert told["data"]["event"] | {"at": at} == {
        "id": notification.event_id,
        "type": "link.revealed",
        "at": at,
        "link": sent.links[1].link_id.hex(),
        "data": {"view": 1},
        "evidence": {
            "network": "192.0.2.0/24",
            "country": "ES",
            "browser": "Firefox",
            "system": "Linux",
        },
    }


def test_a_taken_delivery_is_given_to_nobody_else_within_the_lease(ours, clock):
    sent = send(ours)
    read(ours, sent.links[0].token)
    first = take(ours)
    clock.forward(LEASE - 1)
    assert take(ours) == []
    clock.forward(1)

    assert ids(take(ours)) == ids(first) == numbers(sent, 2)


def test_of_many_takers_at_once_exactly_one_gets_each_delivery(emptied, ring):
    house = wiring.assemble(Settings(), ring, emptied)
    sent = [send(house) for _ in range(30)]
    for one in sent:
        house.managing.recall(one.control)
    start = Barrier(8)

    def race(_):
        start.wait()
        return ids(take(house))

    with ThreadPoolExecutor(8) as takers:
        taken = [found for share in takers.map(race, range(8)) for found in share]

    assert sorted(taken) == sorted(n for one in sent for n in numbers(one, 2))


def test_settling_twice_changes_nothing(ours, clock):
    sent = send(ours, views=3)
    read(ours, sent.links[0].token, 1)
    [slow] = take(ours)
    clock.forward(LEASE)
    [quick] = take(ours)
    ours.delivering.settle(quick, 1)
    read(ours, sent.links[0].token, 2)
    ours.delivering.settle(slow, 1)
    ours.delivering.settle(slow, 0, Failure("500"))

    assert deliver_all(ours) == numbers(sent, 3)


def test_what_comes_while_one_delivers_is_not_lost(ours):
    sent = send(ours, views=3)
    read(ours, sent.links[0].token, 1)
    [delivery] = take(ours)
    read(ours, sent.links[0].token, 2)
    ours.delivering.settle(delivery, 1)

    assert deliver_all(ours) == numbers(sent, 3)


def test_a_long_timeline_goes_out_in_order_and_in_parts(ours):
    sent = send(ours, views=50)
    for reader in range(50):
        read(ours, sent.links[0].token, reader)
    [first] = take(ours)
    assert len(first.notifications) == EVENTS_MOST
    ours.delivering.settle(first, EVENTS_MOST)

    assert ids([first]) + deliver_all(ours) == numbers(sent, *range(2, 52))


def test_after_a_failure_the_event_comes_again_later_with_the_same_id(ours, clock):
    sent = send(ours)
    read(ours, sent.links[0].token)
    [delivery] = take(ours)
    ours.delivering.settle(delivery, 0, Failure("500"))
    clock.forward(round(WAITS_SECONDS[0] * 1000 * (1 - JITTER)) - 1)
    assert take(ours) == []
    clock.forward(round(WAITS_SECONDS[0] * 1000 * 2 * JITTER) + 1)
    [again] = take(ours)

    assert again.notifications == delivery.notifications
    assert again.due.failures == 1
    assert ids([again]) == numbers(sent, 2)


def test_new_events_neither_hasten_a_retry_nor_overtake(ours, clock):
    sent = send(ours, views=3)
    read(ours, sent.links[0].token, 1)
    [delivery] = take(ours)
    ours.delivering.settle(delivery, 0, Failure("500"))
    read(ours, sent.links[0].token, 2)
    assert take(ours) == []
    clock.forward(10_000)

    assert deliver_all(ours) == numbers(sent, 2, 3)


def test_what_arrived_before_a_failure_is_not_repeated(ours, clock):
    sent = send(ours, views=3)
    for reader in range(3):
        read(ours, sent.links[0].token, reader)
    [delivery] = take(ours)
    ours.delivering.settle(delivery, 2, Failure("dropped"))
    clock.forward(10_000)

    assert deliver_all(ours) == numbers(sent, 4)


def fail_until_dead(house, clock):
    """Let every try fail; return how many there were and the days from the first to the last."""
    began, tries = clock.now(), 0
    while not house.delivering.dead():
        if taken := take(house):
            [delivery] = taken
            tries += 1
            last = clock.now()
            house.delivering.settle(delivery, 0, Failure("503", retry_after=100_000))
        else:
            clock.forward(house.delivering.waiting()[0].at - clock.now())
    return tries, (last - began) / 1000 / DAY


def test_after_three_days_a_delivery_becomes_a_dead_letter(ours, clock):
    sent = send(ours)
    ours.managing.recall(sent.control)
    tries, days = fail_until_dead(ours, clock)

    assert tries == len(WAITS_SECONDS) + 1
    assert 2.4 < days < 3.9
    [dead] = ours.delivering.dead()
    assert (dead.message_id, dead.channel) == (sent.message_id, "webhook")
    assert dead.receiver == "https://hooks.example"
    assert (dead.events_left, dead.failures, dead.failure) == (1, tries, "503")
    assert dead.at - dead.failing_since == pytest.approx(days * DAY * 1000, abs=1)
    assert ours.delivering.waiting() == []


def test_no_delivery_takes_longer_than_its_message_is_remembered(ours, clock):
    """With the longest waits, and a retention of one second."""
    longest = sum(max(w * (1 + JITTER), 3_600) for w in WAITS_SECONDS) + 10 * LEASE_SECONDS
    kept = f"local DELIVERY_MS = {NOTIFYING_SECONDS * 1000}\n".encode()

    assert longest < NOTIFYING_SECONDS
    assert kept in script("send").source
    sent = send(ours)
    ours.managing.recall(sent.control)
    clock.forward(NOTIFYING_SECONDS * 1000 - 1)
    ours.timekeeping.catch_up()
    assert deliver_all(ours) == numbers(sent, 2)
    clock.forward(1)
    ours.timekeeping.catch_up()
    with pytest.raises(NotFound):
        ours.managing.status(sent.control)


def test_a_late_event_is_remembered_until_it_had_its_time(ours, clock, emptied):
    sent = send(ours)
    read(ours, sent.links[0].token)
    clock.forward((NOTIFYING_SECONDS - 1) * 1000)
    ours.managing.recall(sent.control)
    clock.forward(DAY * 1000)
    ours.timekeeping.catch_up()

    assert happened(ours, sent) == ["message.sent", "link.revealed", "link.recalled"]
    assert deliver_all(ours) == numbers(sent, 2, 3)


def test_an_expiry_that_the_worker_wrote_late_is_told_all_the_same(ours, clock):
    sent = send(ours, expires_in_seconds=60)
    clock.forward(60_000 + (NOTIFYING_SECONDS - 10) * 1000)
    ours.timekeeping.catch_up()
    clock.forward(60_000)
    ours.timekeeping.catch_up()

    assert deliver_all(ours) == numbers(sent, 2)


def test_a_receiver_that_is_gone_is_asked_no_more(ours):
    send_and_recall(ours)
    [delivery] = take(ours)

    assert ours.delivering.settle(delivery, 0, Failure("410", final=True))
    assert [dead.failure for dead in ours.delivering.dead()] == ["410"]


def send_and_recall(house):
    sent = send(house)
    house.managing.recall(sent.control)
    return sent


def test_a_new_event_retries_a_dead_letter_once_with_all_waiting_events(ours, clock):
    sent = send(ours, views=3)
    read(ours, sent.links[0].token, 1)
    fail_until_dead(ours, clock)
    read(ours, sent.links[0].token, 2)
    assert ours.delivering.dead() == []
    [delivery] = take(ours)
    assert ids([delivery]) == numbers(sent, 2, 3)
    assert ours.delivering.settle(delivery, 0, Failure("503"))
    assert take(ours) == []
    read(ours, sent.links[0].token, 3)

    assert deliver_all(ours) == numbers(sent, 2, 3, 4)
    assert ours.delivering.dead() == []


def test_the_operator_sends_again_what_was_given_up_with_all_its_tries(ours, clock):
    sent = send_and_recall(ours)
    tries, _ = fail_until_dead(ours, clock)
    assert ours.delivering.resend(sent.message_id)
    assert ours.delivering.dead() == []
    again, _ = fail_until_dead(ours, clock)
    assert again == tries
    assert ours.delivering.resend(sent.message_id)

    assert deliver_all(ours) == numbers(sent, 2)
    assert not ours.delivering.resend(sent.message_id)
    with pytest.raises(NotFound):
        ours.delivering.resend(bytes(16))
    plain = ours.sending.send(Draft("x"))
    with pytest.raises(NotFound):
        ours.delivering.resend(plain.message_id)


def test_what_is_sent_again_during_its_last_try_has_all_its_tries(ours, clock):
    sent = send(ours)
    ours.managing.recall(sent.control)
    for wait in WAITS_SECONDS:
        [delivery] = take(ours)
        ours.delivering.settle(delivery, 0, Failure("503"))
        clock.forward(round(wait * 1_000 * (1 + JITTER)))
    [last] = take(ours)
    assert ours.delivering.resend(sent.message_id)
    ours.delivering.settle(last, 0, Failure("503"))

    assert ours.delivering.dead() == []
    assert ids(take(ours)) == numbers(sent, 2)


def test_what_is_sent_again_is_remembered_as_long_as_it_is_tried(ours, clock):
    sent = send_and_recall(ours)
    fail_until_dead(ours, clock)
    ours.delivering.resend(sent.message_id)
    clock.forward(3 * DAY * 1000)
    ours.timekeeping.catch_up()

    assert deliver_all(ours) == numbers(sent, 2)


def test_a_forgotten_message_leaves_nothing_to_deliver(ours, clock, emptied):
    dead, waiting = send_and_recall(ours), None
    fail_until_dead(ours, clock)
    waiting = send(ours)
    ours.managing.recall(waiting.control)
    [delivery] = take(ours)
    clock.forward(5 * DAY * 1000)
    ours.timekeeping.catch_up()
    ours.delivering.settle(delivery, 1)

    assert ours.delivering.dead() == ours.delivering.waiting() == []
    for sent in (dead, waiting):
        for kind in ("dead", "outbox"):
            key = f"{{{TAGS[sent.control.shard]}}}:{kind}".encode()
            assert emptied.run("due", key, 2**52, 10) == []


def test_a_retention_longer_than_any_delivery_holds_as_it_is(emptied, ring, clock):
    house = wiring.assemble(Settings(retention_seconds=10 * DAY), ring, emptied, now=clock.now)
    sent = send_and_recall(house)
    clock.forward(10 * DAY * 1000 - 1)
    house.timekeeping.catch_up()
    house.managing.status(sent.control)
    clock.forward(1)
    house.timekeeping.catch_up()

    with pytest.raises(NotFound):
        house.managing.status(sent.control)


def test_a_postponed_delivery_is_no_failure(ours, clock):
    sent = send_and_recall(ours)
    [delivery] = take(ours)
    assert not ours.delivering.settle(delivery, 0, wait=2_000)
    assert take(ours) == []
    clock.forward(2_000)
    [again] = take(ours)

    assert again.due.failures == 0
    assert ids([again]) == numbers(sent, 2)


def test_without_its_root_key_a_target_is_not_known_and_with_it_it_is_again(
    ours, emptied, clock, ring
):
    sent = send_and_recall(ours)
    stranger = wiring.assemble(Settings(), Keyring.parse(keyring.new_key()), emptied, now=clock.now)
    [delivery] = take(stranger)
    assert delivery.target is None
    stranger.delivering.settle(delivery, 0, Failure("root-key-missing"))
    assert [one.receiver for one in stranger.delivering.waiting()] == [None]
    clock.forward(10_000)

    assert [d.target.url for d in take(ours)] == [URL]
    assert sent.webhook_secret == sent.control.webhook_secret


def test_the_store_keeps_the_target_in_a_box_and_everything_with_its_time(ours):
    sent = send_and_recall(ours)
    raw = redis.Redis(connection_pool=ours.connection.pools[0])
    for key in kept_of(raw, sent):
        assert b"hooks.example" not in key
    hash_ = raw.hgetall(f"{{{TAGS[sent.control.shard]}}}:message:".encode() + sent.message_id)
    assert all(b"hooks.example" not in value for value in hash_.values())
    assert all(sent.webhook_secret.encode() not in value for value in hash_.values())
    check_times(raw, sent)


def test_only_a_message_with_a_webhook_has_a_secret(ours):
    assert send(ours).webhook_secret.startswith("whsec_")
    assert ours.sending.send(Draft("x")).webhook_secret is None
    assert ours.managing.status(send(ours).control).webhook == URL
