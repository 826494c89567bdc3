"""A store with messages that are told of through four channels, and workers that are killed."""

import re
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from ipaddress import ip_network

import redis

from restante import wiring
from restante.crypto import keyring
from restante.crypto.keyring import Keyring
from restante.details import Details
from restante.email_address import mailbox
from restante.messages import Draft
from restante.notices import Notice, Wanted
from restante.settings import Settings
from restante.settings.parsers import Relay
from restante.store.connection import Connection
from restante.store.keys import TAGS
from tests.core.test_push import Browser
from tests.support import canaries
from tests.support.processes import ROOT, wait_until

OWNER = bytes(range(16))
CODE = re.compile(r"^\s+(\d{6})\s*$", re.MULTILINE)
OUTBOXES = ("outbox", "outbox-code", "outbox-email", "outbox-push")
VAIN_MOST = 20
"""After so many pairs of workers that brought nothing, something was lost."""


def distinct(found):
    """Return each once, in the order in which it came first."""
    return list(dict.fromkeys(found))


class Told:
    """A message, and everyone who is told of it."""

    def __init__(self, its, number, hooks, pushes):
        domain = f"d{number % 16}.example"
        self.sender, self.reader = f"sender{number}@{domain}", f"reader{number}@{domain}"
        # Receivers of its own: many that share one wait for each other.
        host = f"127.1.{number // 200}.{number % 200 + 1}"
        self.browsers = [Browser(pushes, f"{number}-{name}") for name in "ab"]
        for one in self.browsers:
            one.endpoint = one.endpoint.replace("127.0.0.1", host)
        self.codes, self.news = [], []
        for kind, secret in (
            ("mail address", self.sender),
            ("mail address", self.reader),
            ("endpoint", self.browsers[0].endpoint),
        ):
            canaries.learn(kind, secret)
        its.agree(self.sender)
        first, later = (one.subscription(its.house, events=("opened",)) for one in self.browsers)
        self.sent = its.house.sending.send(
            Draft(
                "x",
                recipients=(self.reader,),
                views=its.views,
                webhook=f"http://{host}:{hooks.port}/hook",
                notice=Notice(self.sender, ("opened",), owner=OWNER),
                push=first,
                details=Details(mailed_code=True),
            )
        )
        its.house.managing.subscribe(self.sent.control, later)
        self.link = self.sent.links[0].token
        self.name = self.sent.message_id.hex()


class Filled:
    """A store, the use cases over it, and the environment of its workers."""

    def __init__(self, store, server, views):
        key = keyring.new_key()
        self.store, self.server, self.views = store, server, views
        self.read, self.by_address = 0, {}
        self.connection = Connection(wiring.connect(store.url))
        settings = Settings(
            webhook_networks=(ip_network("127.0.0.0/8"),),
            smtp_url=Relay("127.0.0.1", server.port, "none"),
            mail_from=mailbox("letters@example.net"),
        )
        self.house = wiring.assemble(settings, Keyring.parse(key), self.connection)
        self.environ = {
            "PATH": "/usr/bin:/bin",
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
        command = [sys.executable, "-m", "worker"]
        return subprocess.Popen(command, cwd=ROOT, env=self.environ, stdout=log, stderr=log)

    def end_waits(self):
        """Let all that was taken or has to wait be due."""
        with redis.Redis.from_url(self.store.url) as raw:
            for key in (f"{{{tag}}}:{name}" for tag in TAGS for name in OUTBOXES):
                for member in raw.zrange(key, 0, -1):
                    raw.zadd(key, {member: 0}, xx=True)
            # Mails that killed workers counted and never sent would have to wait ten minutes.
            for key in raw.scan_iter("*:consents:*", count=1_000):
                raw.hdel(key, "row")

    def read_mails(self):
        """Put what the server got since the last time where it belongs."""
        for mail in self.server.mails[self.read :]:
            self.read += 1
            told = self.by_address[mail["To"]]
            if mail["To"] == told.reader:
                told.codes.append(CODE.findall(mail.get_content())[0])
            else:
                told.news.append(mail)


class Killer:
    """Runs workers and kills them within *lives* seconds, again and again."""

    def __init__(self, its, chance, log, lives):
        self.its, self.chance, self.log, self.lives, self.kills = its, chance, log, lives, 0

    def until(self, done):
        """Kill workers until *done*; fail if nothing comes any more."""
        vain = 0
        while not done():
            assert vain < VAIN_MOST, "something was lost"
            self.its.server.data_answers = [
                self.chance.choice(["", "", "", "lose", "451 later"]) for _ in range(4)
            ]
            before = self._seen()
            with ExitStack() as stack:
                for _ in range(2):
                    stack.callback(self._kill, self.its.start(self.log))
                # What is left may have to wait: after a 451, or for its minute.
                with suppress(AssertionError):
                    wait_until(lambda: self._seen() > before, 15)  # noqa: B023
            vain = 0 if self._seen() > before else vain + 1
            self.its.end_waits()

    def _kill(self, worker):
        time.sleep(self.chance.uniform(0, self.lives))
        worker.kill()
        worker.wait()
        self.kills += 1

    def _seen(self):
        return len(self.its.server.mails) + len(self.its.hooks.posts) + len(self.its.pushes.posts)
