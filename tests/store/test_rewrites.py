"""What starts a rewrite of the store's files: everything that was destroyed, and nothing else."""

from __future__ import annotations

import os
import re
import signal
from importlib.resources import files

import pytest
import redis

from restante import wiring
from restante.details import Details
from restante.email_address import mailbox
from restante.messages import Draft
from restante.notices import Notice
from restante.settings import Settings
from restante.settings.parsers import Relay
from restante.store import keys, rewrites
from restante.store.connection import Connection
from restante.store.rewrites import Rewrites
from tests.conftest import Clock, read, reader_key
from tests.support.processes import wait_until

MINUTE, DAY = 60_000, 86_400_000
MAILS = Settings(smtp_url=Relay("127.0.0.1", 25, "none"), mail_from=mailbox("a@example.net"))
SCRIPTS = files("restante.store") / "scripts"
DESTROYS = re.compile(r'call\("(DEL|HDEL)"|"XX"')
HARMLESS = {
    "blob_gone.lua",
    "promise.lua",
    "settle.lua",
    "resend.lua",
    "resume.lua",
    "send_test.lua",
    "87_rules.lua",
}
"""They remove counts of failures, times of rules, or that a message is paused: nothing that was
promised to go."""


class Scrubbed:
    """A house with files of its own, whose last rewrite covers all that was destroyed."""

    def __init__(self, store, ring):
        self.store = store
        self.clock = Clock()
        self.connection = Connection(wiring.connect(store.url))
        self.house = wiring.assemble(MAILS, ring, self.connection, now=self.clock.now)
        self.client = redis.Redis.from_url(store.url)
        self.rewrites = Rewrites(self.connection, settle_seconds=0)
        assert self.begins()

    def begins(self):
        """Tell whether a rewrite begins, if none did lately, and wait for its end."""
        for note in self.client.scan_iter("*:scrub"):
            self.client.delete(note)
        began = self.rewrites.scrub()
        wait_until(lambda: not self.client.info("persistence")["aof_rewrite_in_progress"])
        return began

    def send(self, **more):
        return self.house.sending.send(Draft("x", **more))

    def send_with_code(self):
        return self.send(recipients=("ana@example.com",), details=Details(mailed_code=True))

    def later(self, ms):
        self.clock.forward(ms)
        self.house.timekeeping.catch_up()

    def close(self):
        self.client.close()
        for pool in self.connection.pools:
            pool.disconnect()


@pytest.fixture
def own(own_store, ring):
    scrubbed = Scrubbed(own_store(), ring)
    yield scrubbed
    scrubbed.close()


def spent(own):
    link = own.send().links[0].token
    read(own.house, link)
    assert not own.begins()
    return link


def lease_over(own):
    spent(own)
    return lambda: own.later(3 * MINUTE)


def acknowledged(own):
    link = spent(own)
    return lambda: own.house.answering.acknowledge(link, reader_key(), keep=False)


def declined(own):
    link = spent(own)
    return lambda: own.house.answering.decline(link, [reader_key()])


def recalled(own):
    sent = own.send()
    return lambda: own.house.managing.recall(sent.control)


def replaced(own):
    sent = own.send(recipients=("ana", "bob"))
    read(own.house, sent.links[0].token)
    return lambda: own.house.sending.replace(sent.control, "y")


def expired(own):
    own.send(expires_in_seconds=60)
    return lambda: own.later(2 * MINUTE)


def expired_by_its_ttl(own):
    sent = own.send(expires_in_seconds=60)
    link = sent.links[0].token
    own.client.delete(keys.link(link).replace(b":link:", b":key:"))
    return lambda: own.later(2 * MINUTE)


def forgotten(own):
    own.house.managing.recall(own.send().control)
    assert own.begins()
    return lambda: own.later(31 * DAY)


def forgotten_by_its_ttl(own):
    sent = own.send()
    own.house.managing.recall(sent.control)
    assert own.begins()
    own.client.delete(keys.message(sent.control))
    return lambda: own.later(31 * DAY)


def code_over(own):
    link = own.send_with_code().links[0].token
    own.house.reading.request_code(link, language="es")
    assert not own.begins()
    return lambda: own.later(11 * MINUTE)


def code_replaced(own):
    link = own.send_with_code().links[0].token
    own.house.reading.request_code(link, language="es")
    own.clock.forward(2 * MINUTE)
    return lambda: own.house.reading.request_code(link, language="es")


def token_revoked(own):
    own.house.admission.make("front desk")
    assert not own.begins()
    return lambda: own.house.admission.withdraw("front desk")


def consent_stopped(own):
    own.house.consents.stop_address("ana@example.com")
    assert own.begins()
    return lambda: own.house.consents.lift("ana@example.com")


def _muted(own):
    notice = Notice("ana@example.com", has_link=True)
    sent = own.send(notice=notice)
    return lambda: own.house.managing.set_notice(sent.control, None)


def test_a_change_of_what_is_told_starts_a_rewrite(own):
    """The box that goes can have the control token."""
    mute = _muted(own)
    assert not own.begins()
    mute()

    assert own.begins()


@pytest.mark.parametrize(
    "prepare",
    [
        *(lease_over, acknowledged, declined, recalled, replaced, expired, expired_by_its_ttl),
        *(forgotten, forgotten_by_its_ttl, code_over, code_replaced, token_revoked),
        consent_stopped,
    ],
)
def test_whatever_is_destroyed_starts_a_rewrite_and_only_one(own, prepare):
    destroy = prepare(own)
    assert not own.begins()
    destroy()

    assert own.begins()
    assert not own.begins()


def test_looks_sends_and_open_leases_start_none(own):
    sent = own.send(views=3, recipients=("ana", "bob"))
    for number in range(120):
        own.house.reading.preview(sent.links[0].token, [reader_key(number)], visitor="browser")
    read(own.house, sent.links[0].token)
    own.house.connection.count([own.house.budgets.counter(bytes(range(16)), 100)])
    own.house.managing.extend(sent.control, 3_600)
    own.client.set("limits:counter", 1, px=1)
    wait_until(lambda: not own.client.exists("limits:counter"))

    assert not own.begins()


def test_a_new_process_does_not_know_and_so_starts_one(own):
    own.rewrites = Rewrites(own.connection, settle_seconds=0)

    assert own.begins()
    assert not own.begins()


def test_a_rewrite_follows_the_mark_after_a_pause_and_covers_only_what_was_before(own):
    own.rewrites = Rewrites(own.connection, settle_seconds=30)
    assert not own.begins()
    own.house.managing.recall(own.send().control)
    [(node, (marks, seen_at))] = own.rewrites._new_marks.items()
    own.rewrites._new_marks[node] = marks, seen_at - 31

    assert own.begins()
    assert not own.begins()
    own.rewrites._settle = 0
    assert own.begins()
    assert not own.begins()


def test_a_file_is_rewritten_once_a_day_although_nothing_was_destroyed(own, monkeypatch):
    assert not own.begins()
    monkeypatch.setattr(rewrites, "DAY_SECONDS", 0)

    assert own.begins()


def test_a_rewrite_that_its_store_did_not_survive_is_begun_again(own):
    own.client.config_set("rdb-key-save-delay", 1_000_000)
    own.client.mset({f"key {number}": "x" for number in range(100)})
    own.house.managing.recall(own.send().control)
    own.client.delete(*own.client.scan_iter("*:scrub"))
    assert own.rewrites.scrub()
    os.kill(own.store.pid, signal.SIGKILL)

    def is_back():
        own.store.keep()
        try:
            return own.client.ping()
        except redis.RedisError:
            return False

    wait_until(is_back)
    own.rewrites.scrub()
    assert own.rewrites.outcomes()[-1] is False
    assert own.begins()
    assert not own.begins()


def test_the_pause_grows_with_a_rewrites_duration_while_ten_minutes_hold(own):
    pauses = [
        own.rewrites._pause_ms({"aof_last_rewrite_time_sec": took}) // 1000
        for took in (-1, 0, 2, 30, 40, 50, 100, 140, 200)
    ]

    assert pauses == [300, 300, 300, 300, 400, 500, 400, 320, 300]


def test_every_script_that_destroys_marks_it():
    parts = [*SCRIPTS.iterdir(), *(SCRIPTS / "lib").iterdir()]
    destroying = {
        part.name: part.read_text("utf-8")
        for part in parts
        if part.name.endswith(".lua") and DESTROYS.search(part.read_text("utf-8"))
    }

    assert {"80_endings.lua", "forget.lua", "replace.lua"} <= set(destroying)
    lacking = {name for name, text in destroying.items() if "mark_destroyed(" not in text}
    assert lacking == HARMLESS
