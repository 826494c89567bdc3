"""A store of each earlier version is read, opened, delivered, recalled and forgotten."""

import json
from types import SimpleNamespace

import pytest
import redis

from restante import wiring
from restante.crypto.tokens import SHARDS, ControlToken, SenderToken
from restante.errors import Gone
from restante.messages import Page
from restante.store.connection import Connection
from tests.second import dump, reader, sealed
from tests.second.lives import (
    BEGINNING,
    ENDED,
    OPEN,
    PASSPHRASE,
    TEXT,
    Clock,
    Lives,
    house_at,
)
from tests.second.lives import reader as reader_key

DUMPS = sorted(dump.DUMPS.glob("*.jsonl"))
YEAR_MS = 365 * 86_400_000
OF_NO_MESSAGE = {
    *(b"sender-tokens", b"budget", b"limit", b"once", b"scrub", b"destroyed"),
    *(b"consents", b"consent-index", b"consent-waiting", b"consent-key", b"closed", b"gathered"),
    b"sent",
}
"""What goes by its TTL alone, or stays."""

pytestmark = pytest.mark.parametrize("path", DUMPS, ids=lambda path: path.stem)


def test_no_message_of_the_file_ends_before_it_is_loaded(path):
    found = list(dump.records(path.read_text("ascii")))
    times = {goes for key, _, goes in found if key.split(b":")[1] not in OF_NO_MESSAGE}

    assert min(times - {-1}) > BEGINNING


@pytest.fixture
def earlier(own_store, path):
    """The product over such a store, at the time that it was written."""
    connection = Connection(wiring.connect(own_store(durability="memory").url))
    with redis.Redis(connection_pool=connection.pools[0]) as client:
        lives = Lives(**dump.load(client, path.read_text("ascii")))
        clock = Clock(lives.now)
        yield SimpleNamespace(
            lives=lives,
            clock=clock,
            client=client,
            house=house_at(connection, lives.root_keys, clock),
            second=reader.Copy(dump.read(client), lives.root_keys, lives.now),
            control=lambda name: ControlToken.parse(lives.controls[name]),
        )
    for pool in connection.pools:
        pool.disconnect()


def test_the_file_tells_of_messages_that_are_expected(path):
    """What is expected of a name may not change once a file has it; names are only added."""
    controls = json.loads(path.read_text("ascii").partition("\n")[0])["controls"]

    assert len(controls) >= 14
    assert set(controls) <= set(OPEN | ENDED)


def test_its_status_is_what_the_second_implementation_reads(earlier):
    house, second = earlier.house, earlier.second
    for name in earlier.lives.controls:
        status = house.managing.status(earlier.control(name), Page(after=0))
        told = second.message(earlier.lives.controls[name])

        assert [str(link.state) for link in status.links] == (OPEN | ENDED)[name], name
        assert [link.recipient for link in status.links] == [
            link["recipient"] for link in told["links"]
        ]
        assert [event.type for event in status.events] == [e["type"] for e in told["events"]]
        assert [dict(event.evidence) for event in status.events] == [
            {k: v for k, v in event["evidence"].items() if k != "reason"}
            for event in told["events"]
        ]
        assert (status.details.sender_name, status.details.subject) == (
            told["from"],
            told["subject"],
        )
        assert status.webhook == told["webhook"].get("url")
    holder = house.admission.holder(SenderToken.parse(earlier.lives.sender_token))
    assert holder == second.holder(earlier.lives.sender_token) == "front desk"


def test_its_links_open_and_are_recalled(earlier):
    house, control = earlier.house, earlier.control

    def opened(name, index=0, passphrase=None, **how):
        link = control(name).link(index)
        return house.reading.reveal(link, reader_key(1), passphrase, visitor="browser", **how)

    coded = earlier.second.message(earlier.lives.controls["mailed a code"])["links"][0]
    several = opened("several")
    texts = [
        opened("plain"),
        opened("spent, within its lease"),
        opened("guessed once", passphrase=PASSPHRASE),
        opened("under an older root key", passphrase=PASSPHRASE),
        opened("mailed a code", code=coded["code"]),
        opened("replaced", 1),
        several,
    ]
    verdicts = house.managing.recall(control("several"))
    repeated = house.managing.recall(control("recalled"))

    assert [one.text for one in texts] == [TEXT] * len(texts)
    assert opened("replaced").text == "the first text"
    assert (several.fresh, several.views_left) == (False, 2)
    assert [str(one.outcome) for one in verdicts] == [
        "recalled_after_read", "recalled_unread", "recalled_unread",
    ]  # fmt: skip
    assert [str(one.outcome) for one in repeated] == ["recalled_unread"]
    with pytest.raises(Gone):
        house.reading.reveal(control("several").link(1), reader_key(5), None, visitor="browser")


def test_what_is_paused_is_resumed_and_rules_run(earlier):
    if "with rules" not in earlier.lives.controls:
        pytest.skip("there were no pauses and no rules then")
    house, paused, ruled = earlier.house, earlier.control("paused"), earlier.control("with rules")
    before = house.managing.status(ruled)
    house.managing.resume(paused)
    opens_at = house.managing.status(paused).opens_at
    earlier.clock.at = max(opens_at, before.tell_at, before.recall_at)
    text = house.reading.reveal(paused.link(0), reader_key(1), None, visitor="browser").text
    for shard in range(SHARDS):
        house.timekeeping.turn(shard)
    after = house.managing.status(ruled)

    assert text == TEXT
    assert [str(link.state) for link in after.links] == ["read", "recalled", "recalled"]
    assert [link.by_rule for link in after.links] == [False, True, True]
    events = [event.type for event in after.events[before.events_total :]]
    assert events == ["link.unread", "link.recalled"] * 2


def test_what_waits_in_it_is_delivered(earlier):
    """Once the first waits are over: a code that is still good, and the events after the last."""
    earlier.clock.at += 60_000
    house, second, lives = earlier.house, earlier.second, earlier.lives
    hooked = control = earlier.control("told by webhook")
    taken = {
        (one.due.message_id, one.channel.name): one
        for shard in range(16)
        for one in house.delivering.take(shard, 100)
    }
    delivery = taken[hooked.message_id, "webhook"]
    letters = taken[earlier.control("mailed a code").message_id, "code"].notifications
    codes = [link["code"] for link in second.message(lives.controls["mailed a code"])["links"]]

    assert delivery.target.url == "https://hooks.example/x"
    assert delivery.target.secret == sealed.webhook_secret(control.secret)
    assert [one.event_id for one in delivery.notifications] == [
        event["id"] for event in second.message(lives.controls["told by webhook"])["events"][2:]
    ]
    assert delivery.notifications
    mailed = [one.content for one in letters if one.content]
    assert [one.code for one in mailed] == codes
    assert [one.address for one in mailed] == ["ana@example.com", "bob@example.com"]


def test_it_ends_and_is_forgotten(earlier):
    for _ in range(3):
        earlier.clock.at += YEAR_MS
        earlier.house.timekeeping.catch_up()
    left = {key.split(b":")[1] for key in earlier.client.scan_iter()}

    assert b"sender-tokens" in left
    assert left <= OF_NO_MESSAGE
