"""`deliveries …` over a real store: what the operator sees and does."""

import pytest

from restante import wiring
from restante.channels.failures import Failure
from restante.crypto import keyring
from restante.crypto.keyring import Keyring
from restante.crypto.tokens import SHARDS
from restante.messages import Draft
from restante.settings import Settings
from restante.store.connection import Connection
from tests.commands.test_commands import run

URL = "https://hooks.example:8443/secret-path?key=of-the-receiver"


@pytest.fixture
def operated(own_store):
    """A house with two deliveries, one given up, and the environment of its operator."""
    store, key = own_store(durability="memory"), keyring.new_key()
    connection = Connection(wiring.connect(store.url))
    house = wiring.assemble(Settings(), Keyring.parse(key), connection)
    environ = {
        "RESTANTE_REDIS_URL": store.url,
        "RESTANTE_ROOT_KEYS": key,
        "RESTANTE_DURABILITY": "memory",
    }
    sent = [house.sending.send(Draft("x", webhook=URL)) for _ in range(2)]
    for one in sent:
        house.managing.recall(one.control)
    for delivery in take(house):
        if delivery.due.message_id == sent[0].message_id:
            house.delivering.settle(delivery, 0, Failure("410", final=True))
    yield house, environ, [one.message_id.hex() for one in sent]
    for pool in connection.pools:
        pool.disconnect()


def take(house):
    return [delivery for shard in range(SHARDS) for delivery in house.delivering.take(shard, 10)]


def test_dead_letters_are_listed_and_waiting_deliveries_on_request(operated):
    _, environ, (dead, waiting) = operated
    listed = run(environ, "deliveries", "list")
    on_their_way = run(environ, "deliveries", "list", "--waiting")

    assert listed.returncode == on_their_way.returncode == 0
    assert listed.stdout.split()[:2] == [dead, "webhook"]
    assert "410" in listed.stdout
    assert "https://hooks.example:8443" in listed.stdout
    assert on_their_way.stdout.split()[:2] == [waiting, "webhook"]
    for done in (listed, on_their_way):
        assert len(done.stdout.splitlines()) == 1
        assert "secret-path" not in done.stdout
        assert "of-the-receiver" not in done.stdout


def test_one_delivery_is_shown_whole_but_for_what_its_address_may_hold(operated):
    _, environ, (dead, waiting) = operated
    shown = run(environ, "deliveries", "show", dead)

    assert shown.returncode == 0
    rows = dict(line.split(maxsplit=1) for line in shown.stdout.splitlines()
                if not line.startswith(("given", "last", "events", "failing")))  # fmt: skip
    assert rows["message"] == dead
    assert rows["receiver"] == "https://hooks.example:8443"
    assert rows["state"] == "given up"
    assert rows["failures"] == "1"
    assert "last failure  410" in shown.stdout
    assert "state         waiting" in run(environ, "deliveries", "show", waiting).stdout
    assert "of-the-receiver" not in shown.stdout


def test_what_was_given_up_is_sent_again_by_its_id_or_all_at_once(operated):
    house, environ, (dead, _) = operated
    by_id = run(environ, "deliveries", "resend", dead)
    assert by_id.returncode == 0
    assert "1 of 1 are due now" in by_id.stderr
    [delivery] = take(house)
    assert delivery.due.failures == 0
    house.delivering.settle(delivery, 0, Failure("410", final=True))
    everything = run(environ, "deliveries", "resend", "--all")

    assert everything.returncode == 0
    assert [d.due.message_id.hex() for d in take(house)] == [dead]
    assert run(environ, "deliveries", "list").stdout == ""


def test_an_unknown_or_invalid_delivery_id_is_reported(operated):
    _, environ, _ = operated

    for words in (("show", "0" * 32), ("resend", "0" * 32)):
        done = run(environ, "deliveries", *words)
        assert done.returncode == 65
        assert done.stdout == ""
        assert done.stderr
    for words in (("show", "x"), ("resend",), ("resend", "--all", "0" * 32), ("show",)):
        assert run(environ, "deliveries", *words).returncode == 64
