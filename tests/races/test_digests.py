"""Workers killed while a few addresses get the news of many messages, alone or in digests."""

import random
import re
import time
from collections import Counter

import pytest
import redis

from restante.details import Details
from restante.messages import Draft
from restante.notices import Notice
from tests.conftest import reader_key
from tests.races.tellers import OWNER, Filled, Killer
from tests.support import canaries
from tests.support.mailserver import MailServer
from tests.support.senders import text_of

SEED = 20_261_128


class Paced(Filled):
    """Sometimes an address has just had many mails, sometimes its pace is over."""

    hooks = pushes = property(lambda _: NoPosts)

    def __init__(self, store, server, views, chance):
        super().__init__(store, server, views)
        self.chance = chance

    def end_waits(self):
        super().end_waits()
        with redis.Redis.from_url(self.store.url) as raw:
            for key in raw.scan_iter("*:consents:*", count=1_000):
                raw.hdel(key, "mails")  # as if a day had passed
                if self.chance.random() < 0.5:
                    raw.hset(key, mapping={"row": 20, "mailed_at": int(time.time() * 1_000)})


class NoPosts:
    posts = ()


@pytest.mark.parametrize(
    ("messages", "views"), [(12, 2), pytest.param(60, 12, marks=pytest.mark.endurance)]
)
def test_killed_workers_mail_each_event_and_none_in_two_mails(own_store, tmp_path, messages, views):
    chance = random.Random(SEED)
    with MailServer() as server, (tmp_path / "log").open("wb") as log:
        its = Paced(own_store(durability="memory"), server, views, chance)
        killer = Killer(its, chance, log, lives=1.5 if messages < 20 else 5)
        addresses = [f"sender{number}@d{number}.example" for number in range(3)]
        for to in addresses:
            canaries.learn("mail address", to)
            its.agree(to)
        sent = [
            its.house.sending.send(
                Draft(
                    "x",
                    views=views,
                    details=Details(subject=f"Letter {number:03}"),
                    notice=Notice(addresses[number % 3], ("opened",), owner=OWNER),
                )
            )
            for number in range(messages)
        ]
        for view in range(views):
            for one in sent:
                link = one.links[0].token
                its.house.reading.reveal(link, reader_key(view), None, visitor="browser")
            seen = len(server.mails)
            killer.until(lambda: len(server.mails) > seen)  # noqa: B023
            its.end_waits()
        killer.until(lambda: not its.house.delivering.waiting(1))
        for pool in its.connection.pools:
            pool.disconnect()

    canaries.check_log("a worker", (tmp_path / "log").read_text("utf-8", "replace"))
    texts, told, digests = {}, Counter(), 0
    for mail in server.mails:
        text = text_of(mail)
        if mail["Message-ID"] in texts:
            assert happened(mail) == texts[mail["Message-ID"]], "a repeat has other events"
            continue
        texts[mail["Message-ID"]] = happened(mail)
        digests += "News of your messages" in text
        told.update(happened(mail))
    print(f"{messages * views} events, {killer.kills} kills, {len(server.mails)} mails,"
          f" {len(texts)} of them different, {digests} digests")  # fmt: skip
    assert its.house.delivering.dead() == []
    assert digests > 0
    assert told == {f"Letter {number:03}": views for number in range(messages)}


def happened(mail):
    """Return how many openings a mail tells of each message."""
    found = Counter()
    whose = None
    for line in [mail["Subject"], *text_of(mail).splitlines()]:
        if name := re.search(r"(Letter \d{3})(”$|:$)", line):
            whose = name[1]
        found[whose] += "someone who had this link" in line
    assert found.pop(None, 0) == 0
    assert all(found.values())
    return found
