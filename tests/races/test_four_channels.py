"""Workers killed at random while four channels tell of the same events, and each tells all of them.

Webhook, mail, push and mailed codes.  Every message is opened with a code that was mailed before.
"""

import json
import random
import re
from collections import defaultdict
from urllib.parse import urlsplit

import pytest
import redis

from restante.store import keys
from tests.conftest import reader_key
from tests.core.test_push import AUTH
from tests.races.tellers import Filled, Killer, Told, distinct
from tests.second import push as second
from tests.support import canaries
from tests.support.mailserver import MailServer
from tests.support.receiver import Receiver
from tests.support.senders import text_of

SEED = 20_261_130


@pytest.mark.parametrize(
    ("messages", "views"), [(8, 2), pytest.param(400, 5, marks=pytest.mark.endurance)]
)
def test_killed_workers_tell_each_event_on_each_of_four_channels_in_order(
    own_store, tmp_path, messages, views
):
    chance = random.Random(SEED)
    hooks_behave = lambda _: chance.choice([204] * 30 + [500, "drop"])  # noqa: E731
    push_behave = lambda _: chance.choice([201] * 30 + [503, "drop"])  # noqa: E731
    with (
        MailServer() as server,
        Receiver(hooks_behave, "0.0.0.0") as hooks,  # noqa: S104 (127.1.x.y)
        Receiver(push_behave, "0.0.0.0") as pushes,  # noqa: S104
        (tmp_path / "log").open("wb") as log,
    ):
        its = Filled(own_store(durability="memory"), server, views)
        its.hooks, its.pushes = hooks, pushes
        killer = Killer(its, chance, log, lives=1.5 if messages < 100 else 5)
        all_told = [Told(its, number, hooks, pushes) for number in range(messages)]
        its.by_address = {a: told for told in all_told for a in (told.sender, told.reader)}
        for view in range(views):
            for told in all_told:
                its.house.reading.request_code(told.link, language="en")
            killer.until(lambda: has_codes(its, all_told, view + 1))  # noqa: B023
            for told in all_told:
                its.house.reading.reveal(
                    told.link,
                    reader_key(view),
                    None,
                    code=distinct(told.codes)[-1],
                    visitor="browser",
                )
            forget_pauses(its, all_told)
        killer.until(lambda: not its.house.delivering.waiting(1))
        for pool in its.connection.pools:
            pool.disconnect()

    canaries.check_log("a worker", (tmp_path / "log").read_text("utf-8", "replace"))
    print(f"{messages * views} events, {killer.kills} kills, {len(server.mails)} mails,"
          f" {len(hooks.posts)} posts, {len(pushes.posts)} pushes")  # fmt: skip
    assert killer.kills >= 2 * views
    assert its.house.delivering.dead() == []
    its.read_mails()
    posts, pushed = defaultdict(list), defaultdict(list)
    for post in hooks.taken:
        posts[post.message].append(post)
    for post in pushes.taken:
        pushed[post.path].append(post)
    for told in all_told:
        check_hooks(told, posts[told.name], views)
        check_mails(told, views)
        check_pushes(told, pushed, views)
        assert len(distinct(told.codes)) == views


def has_codes(its, all_told, many):
    its.read_mails()
    return all(len(distinct(told.codes)) == many for told in all_told)


def forget_pauses(its, all_told):
    """Let a minute pass for the codes: a link has one a minute."""
    with redis.Redis.from_url(its.store.url) as raw:
        for told in all_told:
            raw.hset(keys.link(told.link), "code_at", 0)


def check_hooks(told, posts, views):
    reached, bodies = 1, {}
    for post in posts:
        assert post.number <= reached + 1, "an event overtook another"
        reached = max(reached, post.number)
        assert bodies.setdefault(post.id, post.body) == post.body
    assert {post.number for post in posts} == set(range(2, 2 * views + 2))


def check_mails(told, views):
    known, texts = {}, {}
    for mail in told.news:
        message, last = re.fullmatch(r"<([0-9a-f]{32})-(\d+)@.*>", mail["Message-ID"]).groups()
        assert message == told.name
        many = text_of(mail).count("someone who had this link")
        assert texts.setdefault(mail["Message-ID"], many) == many, "a repeat has other events"
        assert int(last) >= max(known, default=0), "a mail overtook another"
        known[int(last)] = many
    assert sum(known.values()) == views


def check_pushes(told, taken, views):
    for browser in told.browsers:
        came = [
            json.loads(second.open_body(browser.key, AUTH, post.body))
            for post in taken.get(urlsplit(browser.endpoint).path, [])
        ]
        assert {one["message"] for one in came} == {told.name}
        numbers = [int(one["event"].rpartition("-")[2]) for one in came]
        assert distinct(numbers) == list(range(3, 2 * views + 2, 2))
