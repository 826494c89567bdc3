"""A view is spent, and the reply is lost on the way: the reader loses nothing, nobody gains."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPException
from urllib.parse import urlsplit

import pytest

from restante.crypto import keyring
from restante.service.embedded_store import EmbeddedStore
from restante.store.connection import LOST_MOST
from restante.store.script_files import script
from tests.support.api import Api, new_reader_key
from tests.support.lines import web_processes
from tests.support.processes import Service, wait_until
from tests.support.proxy import Fate, Proxy

TEXT = "the safe is behind the Vermeer"
LEASE_SECONDS = 1
MEBIBYTE = 1024 * 1024


class Place:
    """A service whose ways to the store and to its visitors lead over proxies."""

    def __init__(self, service, to_store, to_web):
        self.service, self.to_store, self.to_web = service, to_store, to_web
        self.api = Api(service.url)

    def cut_from_the_store(self, link, reader_key):
        """The claim reaches the store; the reply is cut off, also when it is asked again."""
        loss = self.to_store.lose(script("reveal").sha.encode(), times=LOST_MOST)
        answer = self.api.reveal(link, reader_key)

        assert (answer.status, answer.code) == (503, "unavailable")
        assert len(loss.replies) == LOST_MOST

    def silent_store(self, link, reader_key):
        """The store takes the claim; its reply does not come."""
        loss = self.to_store.lose(script("reveal").sha.encode(), Fate.KEPT)
        began = time.monotonic()
        answer = self.api.reveal(link, reader_key)

        assert (answer.status, answer.code) == (503, "unavailable")
        assert time.monotonic() - began < 2
        assert loss.happened.wait(10)
        assert b"revealed" in loss.replies[0]

    def cut_from_the_reader(self, link, reader_key):
        """The web answers, and the line to the reader breaks."""
        loss = self.to_web.lose(b"POST /api/v1/link/reveal")
        with pytest.raises((OSError, HTTPException)):
            Api(self.to_web.url).reveal(link, reader_key)

        assert b" 200 OK" in loss.replies[0]

    def killed_web(self, link, reader_key):
        """The web process is killed between the claim and its answer."""
        loss = self.to_store.lose(script("reveal").sha.encode(), Fate.KEPT)
        before = web_processes(self.service)
        with ThreadPoolExecutor(1) as pool:
            reading = pool.submit(Api(self.service.url).reveal, link, reader_key)
            assert loss.happened.wait(10)
            os.kill(loss.peers[0], signal.SIGKILL)
            with pytest.raises((OSError, HTTPException)):
                reading.result()

        assert loss.peers[0] in before
        assert b"revealed" in loss.replies[0]
        wait_until(lambda: len(set(web_processes(self.service)) - {loss.peers[0]}) == 2)


LOSSES = [Place.cut_from_the_store, Place.silent_store, Place.cut_from_the_reader, Place.killed_web]


@contextmanager
def place_in(folder, **env):
    store = EmbeddedStore(folder / "store", 64 * MEBIBYTE, "disk")
    store.start()
    try:
        with Proxy(store.data_dir / "store.sock", folder / "proxy.sock") as to_store:
            env |= {"RESTANTE_WEB_WORKERS": "2"}
            env |= {"RESTANTE_REDIS_URL": to_store.url, "RESTANTE_ROOT_KEYS": keyring.new_key()}
            with (
                Service(folder, **env) as service,
                Proxy(urlsplit(service.url).port) as to_web,
            ):
                place = Place(service, to_store, to_web)
                # The store knows the scripts by their names from here on.
                warm = place.api.send("warm")
                place.api.extend(warm.control, 600)
                place.api.replace(warm.control, "warmer")
                place.api.reveal(warm.link, new_reader_key())
                place.api.recall(warm.control)
                yield place
    finally:
        store.stop()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    with place_in(tmp_path_factory.mktemp("lost-reply")) as place:
        yield place


@pytest.fixture(scope="module")
def hasty_place(tmp_path_factory):
    """The same, with a short lease."""
    folder = tmp_path_factory.mktemp("hasty")
    with place_in(folder, RESTANTE_LEASE=str(LEASE_SECONDS)) as place:
        yield place


def reveals(place, sent):
    message = place.api.message(sent.control)
    events = [event["type"] for event in message["events"]]
    assert events.count("link.revealed") == message["links"][0]["reveals"]
    return message["links"][0]["reveals"]


@pytest.mark.parametrize("lose", LOSSES)
def test_the_same_reader_reads_it_again_without_a_second_view_and_nobody_else_does(place, lose):
    sent, reader_key = place.api.send(TEXT, views=2), new_reader_key()
    lose(place, sent.link, reader_key)
    again = place.api.reveal(sent.link, reader_key)
    assert again.json["text"] == TEXT
    assert again.json["views_left"] == 1
    other = place.api.reveal(sent.link, new_reader_key())
    # The second view is another's, and there is no third.
    assert other.json["text"] == TEXT
    third = place.api.reveal(sent.link, new_reader_key())

    assert (third.status, third.code) == (410, "gone")
    assert reveals(place, sent) == 2


@pytest.mark.parametrize("lose", LOSSES)
def test_after_the_reader_acknowledged_nobody_reads_it(place, lose):
    sent, reader_key = place.api.send(TEXT), new_reader_key()
    lose(place, sent.link, reader_key)
    other = place.api.reveal(sent.link, new_reader_key())
    assert (other.status, other.json["state"]) == (410, "spent")
    again = place.api.reveal(sent.link, reader_key)
    assert again.json["text"] == TEXT
    done = place.api.acknowledge(sent.link, reader_key)

    assert done.status == 204
    assert place.api.reveal(sent.link, reader_key).code == "gone"
    assert place.api.reveal(sent.link, new_reader_key()).code == "gone"
    assert reveals(place, sent) == 1


@pytest.mark.parametrize("lose", LOSSES)
def test_after_a_recall_nobody_reads_it_and_the_verdict_does_not_say_unread(place, lose):
    sent, reader_key = place.api.send(TEXT), new_reader_key()
    lose(place, sent.link, reader_key)
    verdict = place.api.recall(sent.control).json["verdicts"][0]

    assert (verdict["outcome"], verdict["reveals"]) == ("already_spent", 1)
    assert place.api.reveal(sent.link, reader_key).code == "gone"
    assert place.api.reveal(sent.link, new_reader_key()).code == "gone"


@pytest.mark.parametrize("lose", LOSSES)
def test_after_the_leases_end_nobody_reads_it(hasty_place, lose):
    place = hasty_place
    sent, reader_key = place.api.send(TEXT), new_reader_key()
    lose(place, sent.link, reader_key)
    time.sleep(LEASE_SECONDS)

    assert place.api.reveal(sent.link, reader_key).code == "gone"
    assert place.api.reveal(sent.link, new_reader_key()).code == "gone"
    assert reveals(place, sent) == 1


def test_after_the_leases_end_a_view_that_is_left_takes_another_reader_key(hasty_place):
    place = hasty_place
    sent, reader_key = place.api.send(TEXT, views=2), new_reader_key()
    place.cut_from_the_reader(sent.link, reader_key)
    time.sleep(LEASE_SECONDS)
    again = place.api.reveal(sent.link, reader_key)

    assert (again.code, again.json["state"]) == ("gone", "read")
    assert place.api.reveal(sent.link, new_reader_key()).json["text"] == TEXT
    assert reveals(place, sent) == 2


def test_one_lost_reply_from_the_store_is_retried_unnoticed(place):
    sent, reader_key = place.api.send(TEXT, views=2), new_reader_key()
    loss = place.to_store.lose(script("reveal").sha.encode())
    answer = place.api.reveal(sent.link, reader_key)

    assert loss.happened.is_set()
    assert answer.json["text"] == TEXT
    assert answer.json["views_left"] == 1
    assert reveals(place, sent) == 1


def test_a_send_whose_reply_was_lost_made_one_message(place):
    loss = place.to_store.lose(script("send").sha.encode())
    sent = place.api.send(TEXT, recipients=["Ana", "Ben"])
    message = place.api.message(sent.control)

    assert loss.happened.is_set()
    assert [event["type"] for event in message["events"]] == ["message.sent"]
    assert [link["state"] for link in message["links"]] == ["sealed", "sealed"]


def test_a_recall_whose_reply_was_lost_gives_the_first_verdict_when_asked_again(place):
    sent = place.api.send(TEXT)
    place.to_store.lose(script("recall").sha.encode(), times=LOST_MOST)
    lost = place.api.recall(sent.control, reason="a wrong address")
    again = place.api.recall(sent.control, reason="another word")

    assert (lost.status, lost.code) == (503, "unavailable")
    assert again.json["verdicts"][0]["outcome"] == "recalled_unread"
    events = place.api.message(sent.control)["events"]
    assert [e["type"] for e in events] == ["message.sent", "link.recalled"]
    assert events[1]["data"]["reason"] == "a wrong address"


def test_a_replace_whose_reply_was_lost_leaves_one_whole_text(place):
    sent = place.api.send(TEXT)
    loss = place.to_store.lose(script("replace").sha.encode())
    replaced = place.api.replace(sent.control, "the second text")

    assert loss.happened.is_set()
    assert replaced.json["links"][0]["outcome"] == "replaced"
    assert place.api.reveal(sent.link, new_reader_key()).json["text"] == "the second text"


@contextmanager
def meanwhile(place, verb, ask):
    """Let the store do *verb*, and end the wait for its reply after what happens within.

    Yields a future of the answer to *ask*, which the web asks the store for a second time then.
    """
    loss = place.to_store.lose(script(verb).sha.encode(), Fate.LATE)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask)
        try:
            assert loss.happened.wait(10)
            yield asked
        finally:
            loss.end.set()


def test_a_recall_between_a_claim_and_its_repetition_ends_the_lease(place):
    """Nobody has the text, and the view is spent: both are told so."""
    sent = place.api.send(TEXT)
    api = Api(place.service.url)
    with meanwhile(place, "reveal", lambda: api.reveal(sent.link, new_reader_key())) as asked:
        verdict = place.api.recall(sent.control).json["verdicts"][0]
    answer = asked.result()

    assert (verdict["outcome"], verdict["reveals"]) == ("already_spent", 1)
    assert (answer.status, answer.json["state"]) == (410, "spent")
    assert reveals(place, sent) == 1


def test_a_retried_replace_repeats_its_first_result_after_a_read_and_a_recall(
    place,
):
    """The reader got the new text, so the sender must not be told that it came too late."""
    sent, reader_key = place.api.send(TEXT), new_reader_key()
    api = Api(place.service.url)
    with meanwhile(place, "replace", lambda: api.replace(sent.control, "another")) as asked:
        text = place.api.reveal(sent.link, reader_key).json["text"]
        place.api.recall(sent.control)
    replaced = asked.result()

    assert text == "another"
    assert [link["outcome"] for link in replaced.json["links"]] == ["replaced"]
    assert replaced.json["version"] == 2


def test_an_extend_whose_reply_was_lost_is_one_event(place):
    sent = place.api.send(TEXT)
    loss = place.to_store.lose(script("extend").sha.encode())
    extended = place.api.extend(sent.control, 600)

    assert loss.happened.is_set()
    assert extended.status == 200
    [move] = [e for e in extended.json["events"] if e["type"] == "message.extended"]
    assert move["data"]["to"] == extended.json["expires_at"]


def test_a_rule_whose_reply_was_lost_is_set_once(place):
    sent = place.api.send(TEXT)
    loss = place.to_store.lose(script("set_rules").sha.encode())
    changed = place.api.set_rules(sent.control, recall_unread_after=600)

    assert loss.happened.is_set()
    assert changed.status == 200
    [event] = [e for e in changed.json["events"] if e["type"] == "message.rules_changed"]
    assert event["data"]["recall_unread_at"] == changed.json["rules"]["recall_unread_at"]


def test_a_pause_whose_reply_was_lost_stays_ended_if_it_was_resumed_meanwhile(place):
    sent = place.api.send(TEXT)
    place.api.pause(sent.control)
    place.api.resume(sent.control)
    api = Api(place.service.url)
    with meanwhile(place, "pause", lambda: api.pause(sent.control)) as asked:
        place.api.resume(sent.control)
    events = [e["type"] for e in place.api.message(sent.control)["events"]]

    assert asked.result().status == 204
    assert events == ["message.sent", *["message.paused", "message.resumed"] * 2]


def test_the_last_try_locks_once_though_the_reply_was_lost(place):
    sent = place.api.send(TEXT, passphrase="right")
    for _ in range(9):
        place.api.reveal(sent.link, new_reader_key(), "wrong")
    place.to_store.lose(script("reveal").sha.encode())
    locked = place.api.reveal(sent.link, new_reader_key(), "wrong")
    events = [e["type"] for e in place.api.message(sent.control)["events"]]

    assert (locked.code, locked.json["state"]) == ("gone", "locked")
    assert events == ["message.sent", *["link.passphrase_wrong"] * 9, "link.locked"]


def test_a_lost_reply_gives_no_extra_passphrase_try(place):
    sent = place.api.send(TEXT, passphrase="right")
    assert place.api.reveal(sent.link, new_reader_key(), "wrong").json["tries_left"] == 9
    place.to_store.lose(script("reveal").sha.encode(), times=LOST_MOST)
    lost = place.api.reveal(sent.link, new_reader_key(), "wrong")
    left = place.api.reveal(sent.link, new_reader_key(), "wrong").json["tries_left"]

    assert lost.code == "unavailable"
    # It cost one try, as it would have with its reply.
    assert left == 7
    events = [e["type"] for e in place.api.message(sent.control)["events"]]
    assert events == ["message.sent", *["link.passphrase_wrong"] * 3]
    assert place.api.reveal(sent.link, new_reader_key(), "right").json["text"] == TEXT
