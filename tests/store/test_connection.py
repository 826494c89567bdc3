"""The way to the store: what is asked again, what is not, and who gets which reply."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest
import redis

from restante import wiring
from restante.details import Details
from restante.errors import Gone, NotFound, Unavailable
from restante.messages import Draft, Outcome
from restante.settings import Settings
from restante.store import script_files
from restante.store.connection import Connection
from restante.store.script_files import script
from tests.conftest import happened, read, reader_key
from tests.support.proxy import Proxy

VERBS = [
    "link_history", "acknowledge", "afford", "confirm", "count", "decline", "deliveries", "dispute",
    "due", "pause", "resume", "set_rules", "run_rules",
    "end_leases", "expire", "extend", "fail", "find_token", "forget", "list_tokens", "make_token",
    "numbers", "on_screen", "outline", "preview", "extend_lease", "recall", "refuse_code",
    "replace", "request_code", "resend", "reveal", "salt", "send", "settle", "status", "take",
    "withdraw_token", "clear_mail", "consent_key", "consents_of", "give_consent", "lift_stop",
    "list_consents", "record_ask", "set_channel", "stop_mails", "withdraw_consent",
    "withdraw_token", "open_list", "glance", "recall_unread", "keep_lines", "drop_lines",
    "close_list", "pick_lines", "subscribe", "unsubscribe", "send_test",
    "start_upload", "advance_upload", "uploads", "cancel_upload", "fetch_file", "blob_due",
    "blob_gone", "blobs_place", "unowned", "take_out", "promise",
]  # fmt: skip
MUST_WORK_WHEN_FULL = set(VERBS) - {
    "send",
    "replace",
    "afford",
    "make_token",
    "keep_lines",
    "subscribe",
    "start_upload",
    "blobs_place",
}
PURE_READS = {
    "consents_of",
    "link_history",
    "list_consents",
    "deliveries",
    "due",
    "find_token",
    "glance",
    "list_tokens",
    "numbers",
    "outline",
    "pick_lines",
    "salt",
    "status",
    "uploads",
    "unowned",
}


@pytest.fixture
def own(own_store, ring):
    """A house over a store of its own that a test may break."""
    store = own_store()
    connection = Connection(wiring.connect(store.url))
    yield wiring.assemble(Settings(), ring, connection), store
    for pool in connection.pools:
        pool.disconnect()


def revive(store):
    end = time.monotonic() + 20
    with redis.Redis.from_url(store.url) as client:
        while time.monotonic() < end:
            store.keep()
            with suppress(redis.RedisError):
                if client.ping():
                    return
            time.sleep(0.02)
    raise AssertionError


@pytest.mark.parametrize("verb", VERBS)
def test_every_script_declares_what_a_full_store_may_do_with_it(verb):
    first = script(verb).source.splitlines()[0].decode()

    assert (
        first
        == {
            verb in PURE_READS: "#!lua flags=no-writes",
            verb in MUST_WORK_WHEN_FULL - PURE_READS: "#!lua flags=allow-oom",
            verb not in MUST_WORK_WHEN_FULL: "#!lua",
        }[True]
    )


def test_every_script_is_one_of_these():
    folder = script_files.files("restante.store") / "scripts"
    found = {entry.name for entry in folder.iterdir() if entry.name.endswith(".lua")}

    assert found == {f"{verb}.lua" for verb in VERBS}
    with pytest.raises(ValueError, match="does not begin"):
        script("lib/10_keys")


def test_scripts_that_the_store_forgot_are_sent_again(own):
    house, store = own
    sent = house.sending.send(Draft("x"))
    with redis.Redis.from_url(store.url) as client:
        client.script_flush()
        assert read(house, sent.links[0].token) == "x"
        client.script_flush()
        assert house.managing.recall(sent.control)[0].outcome is Outcome.ALREADY_SPENT


def test_what_was_promised_holds_after_the_store_was_killed_and_came_back(own):
    house, store = own
    unread, spent, recalled = (house.sending.send(Draft("x")) for _ in range(3))
    read(house, spent.links[0].token, 1)
    first = house.managing.recall(recalled.control)
    os.kill(store.pid, signal.SIGKILL)
    revive(store)

    assert read(house, unread.links[0].token) == "x"
    with pytest.raises(Gone):
        read(house, spent.links[0].token, 2)
    assert read(house, spent.links[0].token, 1) == "x"
    assert house.managing.recall(recalled.control) == first


def test_a_dead_store_is_unavailable_at_once(own):
    house, store = own
    sent = house.sending.send(Draft("x"))
    store.stop()
    begun = time.monotonic()
    for ask in (
        lambda: house.sending.send(Draft("y")),
        lambda: read(house, sent.links[0].token),
        lambda: house.managing.recall(sent.control),
        lambda: house.reading.preview(sent.links[0].token, visitor="browser"),
        house.timekeeping.catch_up,
    ):
        with pytest.raises(Unavailable):
            ask()

    assert time.monotonic() - begun < 1


def test_a_store_that_hangs_is_asked_once_and_not_waited_for_twice(own):
    house, store = own
    sent = house.sending.send(Draft("x", views=3))
    os.kill(store.pid, signal.SIGSTOP)
    begun = time.monotonic()
    try:
        with pytest.raises(Unavailable):
            read(house, sent.links[0].token, 1)
        waited = time.monotonic() - begun
    finally:
        os.kill(store.pid, signal.SIGCONT)

    assert 0.5 < waited < 1.5
    assert read(house, sent.links[0].token, 1) == "x"
    status = house.managing.status(sent.control)
    assert status.links[0].reveals == 1
    with redis.Redis.from_url(store.url) as client:
        ran = client.info("commandstats")["cmdstat_evalsha"]["calls"]
    assert ran <= 6


@pytest.fixture
def lossy(store, ring, tmp_path):
    """A house on whose way to the store replies can be lost."""
    target = Path(store.url.removeprefix("unix://"))
    with Proxy(target, tmp_path / "sock") as proxy:
        connection = Connection(wiring.connect(proxy.url))
        yield wiring.assemble(Settings(), ring, connection), proxy
        for pool in connection.pools:
            pool.disconnect()


@pytest.mark.parametrize("verb", ["send", "reveal", "acknowledge", "recall", "replace", "status"])
def test_one_lost_reply_is_retried_and_the_write_happens_once(lossy, house, verb):
    lossy_house, proxy = lossy
    sent = house.sending.send(Draft("one", recipients=("Ana", "Bob"), views=2))
    link = sent.links[0].token
    if verb == "acknowledge":
        read(house, link)
    deeds = {
        "send": lambda: lossy_house.sending.send(Draft("other")),
        "reveal": lambda: read(lossy_house, link),
        "acknowledge": lambda: lossy_house.answering.acknowledge(link, reader_key(), keep=False),
        "recall": lambda: lossy_house.managing.recall(sent.control),
        "replace": lambda: lossy_house.sending.replace(sent.control, "two"),
        "status": lambda: lossy_house.managing.status(sent.control),
    }
    loss = proxy.lose(script(verb).sha.encode())
    made = deeds[verb]()

    assert loss.happened.is_set()
    assert (
        happened(house, made if verb == "send" else sent)
        == {
            "send": ["message.sent"],
            "reveal": ["message.sent", "link.revealed"],
            "acknowledge": ["message.sent", "link.revealed", "link.acknowledged"],
            "recall": ["message.sent", "link.recalled", "link.recalled"],
            "replace": ["message.sent", "message.replaced", "link.replaced", "link.replaced"],
            "status": ["message.sent"],
        }[verb]
    )


def test_when_every_reply_is_lost_the_store_is_unavailable_and_a_later_retry_succeeds(lossy, house):
    lossy_house, proxy = lossy
    # Otherwise the first reply may be NOSCRIPT, and nothing runs.
    read(house, house.sending.send(Draft("another")).links[0].token)
    sent = house.sending.send(Draft("x"))
    link = sent.links[0].token
    proxy.lose(script("reveal").sha.encode(), times=5)
    with pytest.raises(Unavailable):
        read(lossy_house, link, 1)

    assert house.managing.status(sent.control).links[0].reveals == 1
    assert read(house, link, 1) == "x"
    with pytest.raises(Gone):
        read(house, link, 2)


class Interrupted(BaseException):
    """What a server throws into a request that took too long."""


def test_a_reply_that_nobody_waited_for_never_reaches_another_caller(own):
    house, store = own
    mine = house.sending.send(Draft("mine", details=Details(subject="mine")))
    other = house.sending.send(Draft("other", details=Details(subject="other")))

    def interrupt(*_):
        raise Interrupted

    old = signal.signal(signal.SIGALRM, interrupt)
    try:
        for _ in range(3):
            os.kill(store.pid, signal.SIGSTOP)
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            try:
                with pytest.raises(Interrupted):
                    house.reading.preview(mine.links[0].token, visitor="browser")
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
                os.kill(store.pid, signal.SIGCONT)
            assert (
                house.reading.preview(other.links[0].token, visitor="").details.subject == "other"
            )
    finally:
        signal.signal(signal.SIGALRM, old)

    assert read(house, other.links[0].token) == "other"
    assert read(house, mine.links[0].token) == "mine"


def test_a_timed_out_reply_never_reaches_another_caller(own):
    house, store = own
    mine = house.sending.send(Draft("mine"))
    other = house.sending.send(Draft("other"))
    os.kill(store.pid, signal.SIGSTOP)
    try:
        with pytest.raises(Unavailable):
            read(house, mine.links[0].token)
    finally:
        os.kill(store.pid, signal.SIGCONT)

    assert read(house, other.links[0].token) == "other"
    assert read(house, mine.links[0].token) == "mine"


def test_an_error_that_was_answered_leaves_the_connection_usable(own):
    house, store = own
    with redis.Redis.from_url(store.url) as client:
        before = client.info("clients")["connected_clients"]
        client.config_set("maxmemory", 1)
        for _ in range(40):
            with pytest.raises(Unavailable):
                house.sending.send(Draft("x"))
        client.config_set("maxmemory", 0)
        after = client.info("clients")["connected_clients"]

    assert after <= before + 1
    assert house.sending.send(Draft("x"))


def test_a_connection_that_was_closed_meanwhile_is_opened_anew(own):
    house, store = own
    sent = house.sending.send(Draft("x"))
    with redis.Redis.from_url(store.url) as client:
        client.client_kill_filter(_type="normal", skipme=True)

    assert read(house, sent.links[0].token, 1) == "x"
    with redis.Redis.from_url(store.url) as client:
        client.client_kill_filter(_type="normal", skipme=True)
    with pytest.raises(NotFound):
        house.answering.acknowledge(sent.links[0].token, reader_key(7), keep=True)
