"""Who may send: tokens are made once, kept as hashes, withdrawn for good."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address, ip_network

import pytest
import redis

from restante import wiring
from restante.crypto import keyring
from restante.crypto.keyring import Keyring
from restante.crypto.tokens import SenderToken
from restante.errors import Invalid, NotASender, NotFound, Unavailable
from restante.settings import MIB, Settings
from restante.settings.parsers import Senders
from restante.store import keys
from restante.store.connection import Connection
from restante.store.counters import LimitReached

OFFICE = Senders(anyone=False, networks=(ip_network("192.0.2.0/24"), ip_network("2001:db8::/32")))
TOKENS = Senders(anyone=False, tokens=True)


@pytest.fixture
def own(own_store, ring, clock):
    """A house of senders with tokens, over a store of its own."""
    connection = Connection(wiring.connect(own_store().url))
    settings = Settings(senders=TOKENS)
    yield wiring.assemble(settings, ring, connection, now=clock.now)
    for pool in connection.pools:
        pool.disconnect()


@pytest.fixture
def admission(own):
    return own.admission


@pytest.fixture
def kept(own):
    """What somebody finds who has broken into the store."""
    with redis.Redis(connection_pool=own.connection.pools[0]) as client:
        yield lambda: client.hgetall(keys.sender_tokens())


def names(admission):
    return [holder.name for holder in admission.listed()]


def faults(admission, name):
    with pytest.raises(Invalid) as caught:
        admission.make(name)
    return [fault.field for fault in caught.value.faults]


def test_a_token_tells_its_holder_and_a_withdrawn_one_nobody(admission, clock):
    token = admission.make("Ana Torres")
    made_at = clock.now()
    clock.forward(1)
    other = admission.make("Ben")
    assert admission.holder(token) == "Ana Torres"
    listed = admission.listed()
    admission.withdraw("Ana Torres")

    assert (listed[0].name, listed[0].made_at) == ("Ana Torres", made_at)
    assert listed[0].token_id == token.token_id
    assert names(admission) == ["Ben"]
    assert admission.holder(other) == "Ben"
    with pytest.raises(NotASender):
        admission.holder(token)
    with pytest.raises(NotFound):
        admission.withdraw("Ana Torres")


def test_the_store_has_neither_token_nor_name(admission, kept):
    token = admission.make("Ana Torres")
    [(token_id, value)] = kept().items()

    assert token_id == token.token_id
    for secret in (str(token).encode(), token.secret, token.secret.hex().encode(), b"Ana"):
        assert secret not in token_id + value


def test_a_name_has_one_token_however_it_is_spelt(admission):
    admission.make("Zo\u00eb")

    assert faults(admission, "Zoe\u0308") == ["name"]
    assert faults(admission, "  Zo\u00eb ") == ["name"]
    assert names(admission) == ["Zo\u00eb"]
    admission.withdraw(" Zoe\u0308")
    admission.make("Zo\u00eb")


@pytest.mark.parametrize(
    "name",
    ["", "   ", "x" * 61, "two\nlines", "\ud800", "a\u202eb", "a\0b", "ab" * 16, "AB" * 16],
    ids=ascii,
)
def test_a_name_is_a_label_of_at_most_60_characters_and_no_id(admission, name):
    assert faults(admission, name) == ["name"]
    assert names(admission) == []


def test_names_of_every_tongue_are_taken(admission):
    for name in ("x" * 60, "שלום", "عربى", "🎈", "O'Brien; DROP", "-x", "%s {}"):
        token = admission.make(name)

        assert admission.holder(token) == name


def test_of_many_who_make_a_token_for_one_name_at_once_one_does(admission):
    def make(_):
        try:
            return admission.make("the same")
        except Invalid:
            return None

    with ThreadPoolExecutor(4) as pool:
        made = [token for token in pool.map(make, range(4)) if token]

    assert len(made) == 1
    assert names(admission) == ["the same"]


def test_made_again_after_a_lost_reply_it_is_one_token(admission, own, kept):
    """The connection repeats what it got no answer to."""
    token = SenderToken.new()
    store = admission._store
    store.make(token.token_id, b"box", [])
    before = kept()
    store.make(token.token_id, b"box", [])
    store.withdraw(token.token_id)
    store.withdraw(token.token_id)

    assert list(before) == [token.token_id]
    assert kept() == {}


def test_a_token_under_a_lost_root_key_works_without_name_and_is_revoked_by_id(own):
    token = own.admission.make("Ana")
    ring = Keyring.parse(keyring.new_key())
    later = wiring.assemble(own.settings, ring, own.connection).admission
    nameless = later.holder(token)
    with pytest.raises(NotFound):
        later.withdraw("")
    later.withdraw(token.token_id.hex())

    assert nameless == ""
    with pytest.raises(NotASender):
        later.holder(token)


def test_a_full_store_makes_no_token_and_withdraws_one(own):
    token = own.admission.make("Ana")
    with redis.Redis(connection_pool=own.connection.pools[0]) as client:
        client.config_set("maxmemory", MIB)
        with pytest.raises(Unavailable):
            own.admission.make("Ben")
        own.admission.withdraw("Ana")
        client.config_set("maxmemory", 64 * MIB)

    with pytest.raises(NotASender):
        own.admission.holder(token)


def admitted(house, senders, address, token=""):
    given = wiring.assemble(Settings(senders=senders), house.keyring, house.connection).admission
    try:
        return given.admit(address and ip_address(address), token)
    except NotASender:
        return "refused"


@pytest.mark.parametrize("address", ["192.0.2.0", "192.0.2.255", "2001:db8:ffff::1"])
def test_whoever_comes_from_a_network_needs_no_token(own, address):
    assert admitted(own, OFFICE, address) is None
    assert admitted(own, OFFICE._replace(tokens=True), address) is None


@pytest.mark.parametrize(
    "address", ["192.0.3.0", "192.0.1.255", "2001:db7::1", "::192.0.2.1", "::", None]
)
def test_whoever_does_not_needs_one_that_counts(own, address):
    token = str(own.admission.make("Ana"))
    both = OFFICE._replace(tokens=True)

    assert admitted(own, OFFICE, address) == "refused"
    assert admitted(own, OFFICE, address, token) == "refused"
    assert admitted(own, both, address) == "refused"
    assert admitted(own, both, address, token) == "Ana"
    assert admitted(own, both, address, token[:-1]) == "refused"
    assert admitted(own, Senders(), address) is None


def test_a_budget_counts_messages_and_bytes_together_or_not_at_all(own, clock):
    def budgets(messages, size):
        its = Settings(budget_messages=messages, budget_bytes=size)
        return wiring.assemble(its, own.keyring, own.connection).budgets

    def left(quota, network, size):
        """Return the ms until there is room again, 0 if it was counted."""
        try:
            own.connection.count([quota.counter(network, size)])
        except LimitReached as reached:
            return reached.left_ms
        return 0

    network, day = b"one network 16 b", 86_400_000
    small = budgets(3, 100)
    assert [left(small, network, size) for size in (60, 41, 40)][::2] == [0, 0]
    until = left(small, network, 1)
    with redis.Redis(connection_pool=own.connection.pools[0]) as client:
        counted = client.hgetall(keys.budget(network))

    assert counted == {b"messages": b"2", b"bytes": b"100"}
    assert day - 60_000 < until <= day
    assert left(budgets(3, 101), network, 1) == 0
    assert left(budgets(3, 1_000), network, 1) > 0
    assert left(small, b"another network!", 100) == 0
