"""Workers killed at random while news go out by mail and by webhook: none lost, none overtaken."""

import random
import re
import subprocess
import sys
import time
from contextlib import suppress
from ipaddress import ip_network

import pytest
import redis

from restante import wiring
from restante.crypto import keyring
from restante.crypto.keyring import Keyring
from restante.email_address import mailbox
from restante.messages import Draft
from restante.notices import Notice, Wanted
from restante.settings import Settings
from restante.settings.parsers import Relay
from restante.store.connection import Connection
from restante.store.keys import TAGS
from tests.conftest import read
from tests.support import canaries
from tests.support.mailserver import MailServer
from tests.support.processes import ROOT, wait_until
from tests.support.receiver import Receiver
from tests.support.senders import text_of

MESSAGES, VIEWS = 16, 5
SEED = 20_261_128
OWNER = bytes(range(16))
BOTH = ("outbox", "outbox-email")


class Filled:
    """A store, the use cases over it, and the environment of its workers."""

    def __init__(self, store, server):
        key = keyring.new_key()
        self.store = store
        self.connection = Connection(wiring.connect(store.url))
        settings = Settings(
            webhook_networks=(ip_network("127.0.0.0/8"),),
            smtp_url=Relay("127.0.0.1", server.port, "none"),
            mail_from=mailbox("letters@example.net"),
        )
        self.house = wiring.assemble(settings, Keyring.parse(key), self.connection)
        self.environ = {
            "RESTANTE_REDIS_URL": store.url,
            "RESTANTE_ROOT_KEYS": key,
            "RESTANTE_DURABILITY": "memory",
            "RESTANTE_WEBHOOK_NETWORKS": "127.0.0.0/8",
            "RESTANTE_SMTP_URL": server.url,
            "RESTANTE_MAIL_FROM": "letters@example.net",
        }

    def agree(self, to):
        cleared, address, token = self.house.consents.clear(to, OWNER, Wanted((0, bytes(16))))
        self.house.consents.record_ask(address, cleared.asked_at, (0, bytes(16)))
        self.house.consents.give(token)

    def start(self, log):
        return subprocess.Popen(
            [sys.executable, "-m", "worker"],
            cwd=ROOT,
            env={"PATH": "/usr/bin:/bin"} | self.environ,
            stdout=log,
            stderr=log,
        )

    def end_waits(self):
        """Let all that was taken or has to wait be due."""
        with redis.Redis.from_url(self.store.url) as raw:
            for key in (f"{{{tag}}}:{name}" for tag in TAGS for name in BOTH):
                for member in raw.zrange(key, 0, -1):
                    raw.zadd(key, {member: 0}, xx=True)


@pytest.fixture
def filled(own_store):
    with MailServer() as server:
        filled = Filled(own_store(durability="memory"), server)
        yield filled, server
        for pool in filled.connection.pools:
            pool.disconnect()


@pytest.mark.endurance
def test_workers_killed_at_random_lose_no_news_and_repeat_only_whole_mails(filled, tmp_path):
    its, server = filled
    chance = random.Random(SEED)
    with Receiver() as receiver, (tmp_path / "log").open("wb") as log:
        sent = []
        for number in range(MESSAGES):
            to = f"person{number}@example.com"
            canaries.learn("mail address", to)
            its.agree(to)
            notice = Notice(to, ("opened",), owner=OWNER)
            draft = Draft("x", views=VIEWS, webhook=receiver.url, notice=notice)
            sent.append(its.house.sending.send(draft))
        kills, views = 0, 0
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            for one in sent if views < VIEWS else ():
                read(its.house, one.links[0].token, views)
            views += 1
            server.data_answers = [chance.choice(["", "", "lose", "451 later"]) for _ in range(9)]
            workers = [its.start(log) for _ in range(2)]
            before = len(server.mails) + len(receiver.taken)
            # What is left may have to wait: after a 451, or for its minute.
            with suppress(AssertionError):
                wait_until(lambda: len(server.mails) + len(receiver.taken) > before, 30)  # noqa: B023
            for worker in workers:
                time.sleep(chance.uniform(0, 1.0))
                worker.kill()
                worker.wait()
                kills += 1
            its.end_waits()
            if views >= VIEWS and not its.house.delivering.waiting(10):
                break

    canaries.check_log("a worker", (tmp_path / "log").read_text("utf-8", "replace"))
    assert kills >= 2 * VIEWS
    assert not its.house.delivering.waiting(10)
    told = {one.message_id.hex(): {} for one in sent}
    texts = {}
    for mail in server.mails:
        message, last = re.fullmatch(r"<([0-9a-f]{32})-(\d+)@.*>", mail["Message-ID"]).groups()
        many = text_of(mail).count("someone who had this link")
        assert texts.setdefault(mail["Message-ID"], many) == many, "a repeat has other events"
        known = told[message]
        assert int(last) >= max(known, default=0), "a mail overtook another"
        known[int(last)] = many
    assert {sum(mails.values()) for mails in told.values()} == {VIEWS}
    posts = {(post.message, post.number) for post in receiver.taken}
    assert posts == {(one.message_id.hex(), n) for one in sent for n in range(2, VIEWS + 2)}
