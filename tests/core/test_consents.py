"""Consents: who may be mailed, what is asked, and what stops it; kept in pseudonyms alone."""

import pytest
import redis

from restante import wiring
from restante.crypto import keyring
from restante.crypto.consents import Address, address_id
from restante.crypto.keyring import Keyring
from restante.errors import Invalid, NotFound, Unavailable
from restante.notices import Wanted
from restante.settings import Settings
from restante.store import keys
from restante.store.connection import Connection
from tests.conftest import Clock

DAY, MINUTE = 86_400_000, 60_000
ANA, BEN = b"sender-id-of-ana", b"sender-id-of-ben"
MESSAGE = (3, b"a message id, 16")


class Desk:
    """Consents over a store of its own, by a clock that the test turns."""

    def __init__(self, store):
        self.store, self.clock = store, Clock()
        self.connection = Connection(wiring.connect(store.url))
        self.key = keyring.new_key()
        self.use(self.key)

    def use(self, keys_written):
        self.house = wiring.assemble(
            Settings(), Keyring.parse(keys_written), self.connection, now=self.clock.now
        )
        self.consents = self.house.consents

    def clear(self, to="ana@example.com", owner=ANA, message=MESSAGE, *, news=True, again=False,
              most=50):  # fmt: skip
        return self.consents.clear(to, owner, Wanted(message, news, again, most))

    def word(self, *arguments, **named):
        return self.clear(*arguments, **named)[0].word

    def agree(self, to="ana@example.com", owner=ANA):
        cleared, address, token = self.clear(to, owner)
        assert cleared.word == "ask"
        self.consents.record_ask(address, cleared.asked_at, MESSAGE)
        self.consents.give(token)
        return token


@pytest.fixture
def desk(own_store):
    desk = Desk(own_store())
    yield desk
    for pool in desk.connection.pools:
        pool.disconnect()


def test_nothing_is_mailed_before_the_address_consented(desk):
    cleared, address, token = desk.clear()
    repeated = desk.clear()
    desk.consents.record_ask(address, cleared.asked_at, MESSAGE)
    waiting = desk.word()
    desk.consents.give(token)

    assert cleared.word == "ask"
    assert repeated[0] == cleared  # nobody mailed it yet: the same ask again, counted once
    assert waiting == "asked"
    assert desk.word() == "given"


def test_another_sender_asks_anew(desk):
    desk.agree()

    assert desk.word(owner=BEN) == "ask"
    assert desk.word() == "given"


def test_an_address_is_asked_three_times_a_day_by_all_senders_together(desk):
    spellings = ["Ana@gmail.com", "a.na+x@gmail.com", "ana@googlemail.com", "a.n.a@GMAIL.com"]
    words = [
        desk.word(to, bytes([n]) * 16, (n % 16, bytes([n]) * 16))
        for n, to in enumerate(spellings * 30)
    ]
    desk.clock.forward(DAY - 1)
    before = desk.word("ana@gmail.com", b"x" * 16)
    desk.clock.forward(1)

    assert words == ["ask"] * 3 + ["full"] * 117
    assert before == "full"
    assert desk.word("ana@gmail.com", b"x" * 16) == "ask"


def test_a_consent_is_for_one_spelling_of_an_address(desk):
    """Some servers give ana+x@ to somebody else than ana@."""
    desk.agree("ana+x@example.com")

    assert desk.word("ANA+x@example.com") == "given"
    assert desk.word("ana@example.com") == "ask"


def test_an_ask_without_an_answer_is_not_repeated_for_a_week(desk):
    cleared, address, _ = desk.clear()
    desk.consents.record_ask(address, cleared.asked_at, MESSAGE)
    desk.clock.forward(6 * DAY)
    still = desk.word()
    desk.clock.forward(1 * DAY)

    assert still == "asked"
    assert desk.word() == "ask"


def test_another_message_takes_an_ask_over_that_never_went_out(desk):
    desk.clear()
    other = (4, b"another mesg, 16")
    at_once = desk.word(message=other)
    desk.clock.forward(60 * MINUTE)

    assert at_once == "asked"
    assert desk.word(message=other) == "ask"


def test_a_revoked_consent_ends_mails_and_asks_of_that_sender_alone(desk):
    token = desk.agree()
    desk.agree(owner=BEN)
    desk.consents.withdraw(token)
    revoked = desk.word()
    desk.consents.give(token)

    assert revoked == "refused"
    assert desk.word(owner=BEN) == "given"
    assert desk.word() == "given"


def test_the_owner_of_an_address_lists_and_withdraws_all_its_consents(desk):
    token = desk.agree()
    desk.agree(owner=BEN)
    kept, its = desk.consents.answers(token)
    [other] = [one for one in kept.consents if one.consent_id != its.consent_id]
    desk.consents.withdraw(token, other.consent_id)

    assert [one.state for one in kept.consents] == ["given", "given"]
    assert desk.word(owner=BEN) == "refused"
    assert desk.word() == "given"


def test_stop_all_ends_everything_for_good(desk):
    token = desk.agree()
    desk.consents.stop(token)
    words = [desk.word(), desk.word(owner=BEN), desk.word("ANA+1@example.com", BEN)]
    with pytest.raises(Invalid):
        desk.consents.give(token)
    desk.clock.forward(5_000 * DAY)

    assert words == ["refused"] * 3
    assert desk.word(owner=BEN) == "refused"


def test_consents_and_stops_are_kept_when_root_keys_change_and_the_store_restarts(desk):
    token = desk.agree()
    stopped = desk.agree("ben@example.com")
    desk.consents.stop(stopped)
    second = keyring.new_key()
    desk.use(f"{second},{desk.key}")
    assert desk.word() == "given"
    desk.use(second)  # the first root key is gone
    assert desk.word() == "given"
    desk.store.stop()
    desk.store.start()
    desk.use(second)

    assert desk.word() == "given"
    assert desk.word("ben@example.com", BEN) == "refused"
    assert desk.consents.answers(token).kept.consents[0].state == "given"


def test_a_consent_key_whose_root_key_is_gone_is_never_replaced(desk):
    desk.agree()
    desk.use(keyring.new_key())

    with pytest.raises(Unavailable):
        desk.word()
    desk.use(desk.key)
    assert desk.word() == "given"


def test_only_a_valid_token_opens_the_page(desk):
    with pytest.raises(NotFound):
        desk.consents.answers("N" + "A" * 64)
    token = desk.agree()
    forged = [token[:-1], token + "A", "L" + token[1:], token[:-4] + "AAAA", token[:9] + "é"]

    for written in forged:
        with pytest.raises(NotFound):
            desk.consents.answers(written)


def test_many_mails_to_an_address_are_slowed_down_and_have_a_daily_limit(desk):
    desk.agree()
    many = [desk.word() for _ in range(13)]
    cleared = desk.clear()[0]
    repeat = desk.word(again=True)
    desk.clock.forward(10 * MINUTE)
    after = [desk.word(), desk.word()]
    desk.clock.forward(61 * MINUTE)
    limited = desk.clear(most=13)[0]

    assert many == ["given"] * 12 + ["wait"]
    assert cleared.wait == 10 * MINUTE
    assert repeat == "given"
    assert after == ["given", "wait"]
    assert limited.word == "wait"
    assert limited.wait > 22 * 60 * MINUTE


def test_the_store_has_neither_address_nor_sender_and_forgets(desk):
    token = desk.agree()
    desk.clear("ben@example.com", BEN)
    with redis.Redis.from_url(desk.store.url) as raw:
        ids = [address_id(desk.consents.key(), f"{n}@example.com") for n in ("ana", "ben")]
        consents = [raw.pttl(keys.consents(one)) for one in ids]
        everything = b"".join(key + (raw.dump(key) or b"") for key in raw.scan_iter(count=1_000))
        assert raw.ttl(keys.consents(ids[0])) > 399 * 86_400
        assert 6 * DAY < consents[1] <= 7 * DAY

    for known in (b"example", ANA, BEN, token.encode(), Address.of(b"", "ana@example.com", ANA)[1]):
        assert known not in everything


def test_the_operator_lists_withdraws_stops_and_lifts(desk):
    desk.agree()
    desk.agree("ben@example.com", BEN)
    listed = list(desk.consents.listed())
    revoked = desk.consents.withdraw_all("ana@example.com")
    desk.consents.stop_address("carla@example.com")

    assert len(listed) == 2
    assert revoked == 1
    assert desk.word() == "refused"
    assert desk.word("carla@example.com") == "refused"
    assert desk.consents.lift("carla@example.com")
    assert not desk.consents.lift("carla@example.com")
    assert desk.word("carla@example.com") == "ask"
    with pytest.raises(Invalid):
        desk.consents.of_address("no address")
