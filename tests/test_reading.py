"""What a recipient does: look at the gate, open the message, say that it arrived."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest
import redis

from restante import keyring, wiring
from restante.errors import (
    Damaged,
    Gone,
    Held,
    Invalid,
    NotFound,
    PassphraseRequired,
    PassphraseWrong,
    Unavailable,
)
from restante.keyring import Keyring
from restante.messages import Draft, Evidence, State
from restante.settings import MIB, Settings
from restante.store.keys import TAGS
from restante.tokens import ControlToken
from tests.conftest import check_times, due_of, happened, kept_of, nonce, read

EVIDENCE = Evidence("192.0.2.0/24", "Firefox", "Windows")
LEASE = 120_000


def look(house, link, *readers):
    return house.reading.preview(link, [nonce(r) for r in readers], visitor="browser")


def key_of(sent, kind, rest=b""):
    ident = sent.message_id if kind in {"message", "content", "events"} else sent.links[0].link_id
    return b"{%b}:%b:%b%b" % (TAGS[sent.control.shard].encode(), kind.encode(), ident, rest)


# preview


def test_looking_any_number_of_times_changes_nothing_but_the_looks(house, raw):
    sent = house.sending.send(Draft("x", sender_name="Ana", subject="Hi", passphrase="p"))
    link = sent.links[0].token
    before = {k: v for k, v in kept_of(raw, sent).items() if not k.startswith(b"looks:")}
    for _ in range(150):
        gate = look(house, link, 1)

    assert gate.state is State.SEALED
    assert (gate.sender_name, gate.subject) == ("Ana", "Hi")
    assert (gate.views_left, gate.needs_passphrase, gate.tries_left) == (1, True, 10)
    assert (gate.opens_at, gate.expires_at) == (sent.opens_at, sent.expires_at)
    assert {k: v for k, v in kept_of(raw, sent).items() if not k.startswith(b"looks:")} == before
    assert happened(house, sent) == ["message.sent"]
    assert len(house.sending.status(sent.control).looks) == 100
    check_times(raw, sent)


def test_once_a_hundred_looks_are_kept_one_a_minute_is_written(turned_house, clock):
    sent = turned_house.sending.send(Draft("x"))
    link = sent.links[0].token
    for _ in range(101):
        look(turned_house, link)
    clock.forward(59_999)
    look(turned_house, link)
    before = turned_house.sending.status(sent.control).looks
    clock.forward(1)
    look(turned_house, link)
    after = turned_house.sending.status(sent.control).looks

    assert len(before) == len(after) == 100
    assert before[0].at == sent.sent_at
    assert after[0].at == clock.now()


def test_a_look_keeps_its_class_and_evidence_and_no_class_writes_none(house):
    sent = house.sending.send(Draft("x"))
    link = sent.links[0].token
    house.reading.preview(link, visitor="", evidence=EVIDENCE)
    house.reading.preview(link, visitor="scanner", evidence=EVIDENCE)
    (one,) = house.sending.status(sent.control).looks

    assert (one.kind, one.visitor, one.link_id) == ("link.fetched", "scanner", link.link_id)
    assert one.evidence == EVIDENCE.as_dict()


def test_the_gate_tells_which_of_a_browser_s_nonces_is_next(turned_house, clock):
    sent = turned_house.sending.send(Draft("x", views=3))
    link = sent.links[0].token

    assert (look(turned_house, link).ordinal, look(turned_house, link, 1, 2).ordinal) == (None, 0)
    read(turned_house, link, 1)
    gate = look(turned_house, link, 1, 2)
    assert (gate.ordinal, gate.lease_until) == (0, clock.now() + LEASE)
    clock.forward(LEASE)
    gate = look(turned_house, link, 1, 2)
    assert (gate.ordinal, gate.lease_until) == (1, None)
    read(turned_house, link, 2)
    assert look(turned_house, link, 1, 2).ordinal == 1
    assert look(turned_house, link, 3, 2).ordinal == 1
    turned_house.reading.acknowledge(link, nonce(2), keep=False)
    assert look(turned_house, link, 1, 2).ordinal is None
    assert look(turned_house, link, 2, 3).ordinal == 1


def test_the_gate_of_a_link_that_ended_tells_how(turned_house, clock):
    sent = turned_house.sending.send(Draft("x", recipients=("Ana", "Bob", "Cid"), views=2))
    ana, bob, cid = (link.token for link in sent.links)
    turned_house.sending.recall(sent.control, [ana.link_id], reason="oops")
    read(turned_house, bob, 1)
    read(turned_house, bob, 2)
    recalled, spent = look(turned_house, ana), look(turned_house, bob)
    clock.forward(8 * 86_400_000)
    expired = look(turned_house, cid)

    assert (recalled.state, recalled.reason, recalled.ended_at) == (
        "recalled",
        "oops",
        sent.sent_at,
    )
    assert (spent.state, spent.reason, spent.ended_at) == ("spent", None, sent.sent_at)
    assert (expired.state, expired.ended_at) == ("expired", sent.expires_at)
    assert recalled.views_left == spent.views_left == expired.views_left == 0


def test_an_unknown_link_is_not_found_whatever_is_asked(house):
    link = ControlToken.new().link(0)
    for ask in (
        lambda: look(house, link, 1),
        lambda: read(house, link),
        lambda: read(house, link, 1, "p"),
        lambda: house.reading.acknowledge(link, nonce(), keep=True),
    ):
        with pytest.raises(NotFound):
            ask()


# reveal


def test_each_view_goes_to_one_reader_and_then_it_is_gone(house, raw):
    sent = house.sending.send(Draft("x", views=3))
    link = sent.links[0].token
    contents = [
        house.reading.reveal(link, nonce(r), None, visitor="browser", evidence=EVIDENCE)
        for r in (1, 2, 3)
    ]

    assert [content.text for content in contents] == ["x"] * 3
    assert [content.views_left for content in contents] == [2, 1, 0]
    assert [str(content.state) for content in contents] == ["read", "read", "spent"]
    assert all(content.fresh for content in contents)
    with pytest.raises(Gone) as caught:
        read(house, link, 4)
    assert caught.value.state == "spent"
    status = house.sending.status(sent.control)
    assert (status.links[0].reveals, status.links[0].views_left) == (3, 0)
    revealed = status.events[1:]
    assert [(e.type, e.facts) for e in revealed] == [
        ("link.revealed", {"view": v}) for v in (1, 2, 3)
    ]
    assert all(event.evidence == EVIDENCE.as_dict() for event in revealed)
    check_times(raw, sent)


def test_within_its_lease_a_reader_gets_its_view_again_without_another(turned_house, clock):
    sent = turned_house.sending.send(Draft("x", sender_name="Ana", subject="Hi"))
    link = sent.links[0].token
    first = turned_house.reading.reveal(link, nonce(), None, visitor="browser")
    clock.forward(LEASE - 1)
    again = turned_house.reading.reveal(link, nonce(), None, visitor="program", evidence=EVIDENCE)

    assert first.lease_until == again.lease_until == first.at + LEASE
    assert (again.text, again.fresh, again.state, again.views_left) == ("x", False, "spent", 0)
    assert (again.sender_name, again.subject) == ("Ana", "Hi")
    status = turned_house.sending.status(sent.control)
    assert status.links[0].reveals == 1
    assert [(o.kind, o.visitor) for o in status.looks] == [("link.reread", "program")]
    clock.forward(1)
    with pytest.raises(Gone):
        read(turned_house, link)


def test_a_nonce_opens_one_view_ever(turned_house, clock):
    sent = turned_house.sending.send(Draft("x", views=2))
    link = sent.links[0].token
    read(turned_house, link, 1)
    clock.forward(LEASE)
    with pytest.raises(Gone) as caught:
        read(turned_house, link, 1)

    assert caught.value.state == "read"
    assert read(turned_house, link, 2) == "x"


def test_a_lease_does_not_outlive_the_message(turned_house, clock, raw):
    sent = turned_house.sending.send(Draft("x", expires_in_seconds=60, views=2))
    link = sent.links[0].token
    clock.forward(30_000)
    content = turned_house.reading.reveal(link, nonce(), None, visitor="browser")

    assert content.lease_until == sent.expires_at
    clock.forward(30_000)
    with pytest.raises(Gone) as caught:
        read(turned_house, link)
    assert caught.value.state == "expired"


def test_the_key_of_a_spent_link_goes_with_its_last_lease(turned_house, clock, raw):
    sent = turned_house.sending.send(Draft("x", views=2))
    link = sent.links[0].token
    read(turned_house, link, 1)
    clock.forward(1000)
    content = turned_house.reading.reveal(link, nonce(2), None, visitor="browser")

    assert raw.pexpiretime(key_of(sent, "key")) == content.lease_until
    assert due_of(raw, sent)[b"end:" + link.link_id] == content.lease_until
    turned_house.reading.acknowledge(link, nonce(2), keep=False)
    assert raw.pexpiretime(key_of(sent, "key")) == content.lease_until - 1000
    assert due_of(raw, sent)[b"end:" + link.link_id] == content.lease_until - 1000
    turned_house.reading.acknowledge(link, nonce(1), keep=False)
    assert not raw.exists(key_of(sent, "key"), key_of(sent, "content", b":1"))
    assert b"end:" + link.link_id not in due_of(raw, sent)


def test_a_held_message_opens_at_its_time_and_not_before(turned_house, clock):
    sent = turned_house.sending.send(Draft("x", hold_seconds=60, passphrase="p"))
    link = sent.links[0].token
    clock.forward(59_999)
    for passphrase in ("p", "wrong", None):
        with pytest.raises(Held) as caught:
            read(turned_house, link, 1, passphrase)
        assert (caught.value.opens_at, caught.value.at) == (sent.opens_at, clock.now())
    assert look(turned_house, link).state is State.HELD
    clock.forward(1)

    assert look(turned_house, link).state is State.SEALED
    assert look(turned_house, link).tries_left == 10
    assert read(turned_house, link, 1, "p") == "x"


# passphrases


def test_nine_wrong_passphrases_burn_nothing(house):
    sent = house.sending.send(Draft("x", passphrase="right"))
    link = sent.links[0].token
    left = []
    for _ in range(9):
        with pytest.raises(PassphraseWrong) as caught:
            read(house, link, 1, "wrong")
        left.append(caught.value.tries_left)

    assert left == list(range(9, 0, -1))
    assert read(house, link, 1, "right") == "x"
    wrong = [e for e in house.sending.status(sent.control).events if "wrong" in e.type]
    assert [event.facts["tries_left"] for event in wrong] == left


def test_the_tenth_wrong_passphrase_locks_and_the_right_one_is_gone_then(house, raw):
    sent = house.sending.send(Draft("x", passphrase="right", recipients=("Ana", "Bob")))
    link = sent.links[0].token
    for _ in range(9):
        with pytest.raises(PassphraseWrong):
            read(house, link, 1, "wrong")
    for passphrase in ("wrong", "right", "wrong", None):
        with pytest.raises(Gone) as caught:
            read(house, link, 1, passphrase)
        assert caught.value.state == "locked"

    assert b"key:" + link.link_id not in kept_of(raw, sent)
    assert happened(house, sent) == ["message.sent", *["link.passphrase_wrong"] * 9, "link.locked"]
    assert house.sending.status(sent.control).links[0].ended_at is not None
    assert read(house, sent.links[1].token, 1, "right") == "x"


def test_of_many_guesses_at_once_no_more_than_ten_are_judged(house):
    sent = house.sending.send(Draft("x", passphrase="right"))

    def guess(n):
        try:
            return read(house, sent.links[0].token, n, f"wrong {n}")
        except (PassphraseWrong, Gone) as answer:
            return type(answer).__name__

    with ThreadPoolExecutor(8) as guessers:
        answers = list(guessers.map(guess, range(16)))

    assert answers.count("PassphraseWrong") == 9
    assert answers.count("Gone") == 7
    assert happened(house, sent).count("link.locked") == 1


def test_without_its_passphrase_a_message_says_so_and_no_try_is_spent(house):
    link = house.sending.send(Draft("x", passphrase="right")).links[0].token
    for _ in range(20):
        with pytest.raises(PassphraseRequired):
            read(house, link)

    assert look(house, link).tries_left == 10


def test_a_second_fetch_asks_for_the_passphrase_too_and_spends_no_try(house):
    link = house.sending.send(Draft("x", passphrase="right", views=2)).links[0].token
    read(house, link, 1, "right")
    with pytest.raises(PassphraseRequired):
        read(house, link, 1)
    for _ in range(12):
        with pytest.raises(PassphraseWrong) as caught:
            read(house, link, 1, "wrong")
        assert caught.value.tries_left == 10

    assert read(house, link, 1, "right") == "x"


def test_a_passphrase_is_the_same_however_its_accents_were_typed(house):
    link = house.sending.send(Draft("x", passphrase=" Zo\u00eb ")).links[0].token
    with pytest.raises(PassphraseWrong):
        read(house, link, 1, "Zo\u00eb")

    assert read(house, link, 1, " Zoe\u0308 ") == "x"


@pytest.mark.parametrize("passphrase", ["", "p" * 257, "a\ud800"])
def test_a_passphrase_nobody_could_have_chosen_is_invalid_and_spends_no_try(house, passphrase):
    link = house.sending.send(Draft("x", passphrase="right")).links[0].token
    with pytest.raises(Invalid) as caught:
        read(house, link, 1, passphrase)

    assert [fault.field for fault in caught.value.faults] == ["passphrase"]
    assert look(house, link).tries_left == 10


def test_a_passphrase_where_none_is_asked_does_no_harm(house):
    link = house.sending.send(Draft("x")).links[0].token

    assert read(house, link, 1, "anything") == "x"


def test_nobody_s_processor_is_spent_on_a_link_that_ended_or_is_unknown(connection, ring):
    """Argon2 is the one thing here that costs time."""
    stretched = []

    def noted(function, *arguments):
        stretched.append(function.__name__)
        return function(*arguments)

    house = wiring.assemble(Settings(), ring, connection, offload=noted)
    sent = house.sending.send(Draft("x", passphrase="p", recipients=("Ana", "Bob")))
    read(house, sent.links[0].token, 1, "p")
    house.reading.acknowledge(sent.links[0].token, nonce(1), keep=False)
    house.sending.recall(sent.control)
    open_one = house.sending.send(Draft("x"))
    stretched.clear()
    for link in (sent.links[0], sent.links[1]):
        with pytest.raises(Gone):
            read(house, link.token, 2, "p")
    with pytest.raises(NotFound):
        read(house, ControlToken.new().link(0), 2, "p")
    read(house, open_one.links[0].token, 2, "p")

    assert stretched == []


def crossing(connection, ring, at_call, deed):
    """A house in which *deed* happens just before its script number *at_call* is sent."""
    calls = count(1)

    def now():
        if next(calls) == at_call:
            deed()
        return int(time.time() * 1000)

    return wiring.assemble(Settings(), ring, connection, now=now)


def test_a_reader_who_gave_the_passphrase_is_not_asked_for_it_by_a_crossing_replace(
    house, connection, ring
):
    sent = house.sending.send(Draft("old"))
    crossed = crossing(
        connection, ring, 2, lambda: house.sending.replace(sent.control, "new", passphrase="p")
    )

    assert read(crossed, sent.links[0].token, 1, "p") == "new"


def test_a_crossing_replace_under_another_root_key_costs_no_try(house, connection, ring):
    both = Keyring([Keyring.parse(keyring.new_key()).newest, ring.newest])
    newer = wiring.assemble(Settings(), both, connection)
    sent = house.sending.send(Draft("old", passphrase="p"))
    link = sent.links[0].token
    crossed = crossing(
        connection, both, 2, lambda: newer.sending.replace(sent.control, "new", passphrase="p")
    )

    assert read(crossed, link, 1, "p") == "new"
    assert happened(newer, sent) == [
        "message.sent",
        "message.replaced",
        "link.replaced",
        "link.revealed",
    ]


def test_a_crossing_recall_or_replace_or_reader_is_noticed_by_a_replace(house, connection, ring):
    sent = house.sending.send(Draft("one", recipients=("Ana", "Bob", "Cid")))
    ana, bob, cid = sent.links

    def cross():
        house.sending.replace(sent.control, "two")
        house.sending.recall(sent.control, [ana.link_id])
        read(house, bob.token)

    version, outcomes = crossing(connection, ring, 1, cross).sending.replace(sent.control, "three")

    assert (version, [one.outcome for one in outcomes]) == (
        3, ["already_recalled", "already_spent", "replaced"],
    )  # fmt: skip
    assert (read(house, bob.token), read(house, cid.token)) == ("two", "three")


# acknowledge


def test_acknowledging_to_keep_records_it_and_leaves_the_lease(turned_house, clock):
    sent = turned_house.sending.send(Draft("x"))
    link = sent.links[0].token
    read(turned_house, link)
    at = clock.forward(1000)
    turned_house.reading.acknowledge(link, nonce(), keep=True, evidence=EVIDENCE)
    clock.forward(1000)

    assert turned_house.sending.status(sent.control).links[0].acknowledged_at == at
    assert read(turned_house, link) == "x"
    event = turned_house.sending.status(sent.control).events[-1]
    assert (event.type, event.at, event.facts) == ("link.acknowledged", at, {"view": 1})
    assert event.evidence == EVIDENCE.as_dict()


def test_acknowledging_without_keeping_ends_the_view_at_once(house, raw):
    sent = house.sending.send(Draft("x"))
    link = sent.links[0].token
    read(house, link)
    house.reading.acknowledge(link, nonce(), keep=False)

    with pytest.raises(Gone) as caught:
        read(house, link)
    assert caught.value.state == "spent"
    assert not [k for k in kept_of(raw, sent) if k.startswith((b"key:", b"content:"))]


def test_one_reader_s_acknowledgement_does_not_end_another_s_lease(house):
    sent = house.sending.send(Draft("x", views=2))
    link = sent.links[0].token
    read(house, link, 1)
    read(house, link, 2)
    house.reading.acknowledge(link, nonce(1), keep=False)

    assert read(house, link, 2) == "x"
    with pytest.raises(Gone):
        read(house, link, 1)


def test_acknowledging_again_answers_the_same_and_is_one_event(house):
    sent = house.sending.send(Draft("x"))
    link = sent.links[0].token
    read(house, link)
    for keep in (True, True, False, False, True):
        house.reading.acknowledge(link, nonce(), keep=keep)

    assert happened(house, sent).count("link.acknowledged") == 1
    with pytest.raises(Gone):
        read(house, link)


def test_only_a_reader_of_a_view_can_acknowledge_it(house):
    sent = house.sending.send(Draft("x", views=2))
    link = sent.links[0].token
    read(house, link, 1)
    with pytest.raises(NotFound):
        house.reading.acknowledge(link, nonce(2), keep=False)

    assert "link.acknowledged" not in happened(house, sent)


def test_a_view_acknowledged_before_another_is_spent_leaves_the_link_readable(house):
    sent = house.sending.send(Draft("x", views=2))
    link = sent.links[0].token
    read(house, link, 1)
    house.reading.acknowledge(link, nonce(1), keep=False)

    assert read(house, link, 2) == "x"


# damage


@pytest.mark.parametrize("spoiled", ["content", "key"])
def test_what_does_not_open_is_damaged_and_the_timeline_says_so(house, raw, spoiled):
    sent = house.sending.send(Draft("x"))
    key = key_of(sent, spoiled, b":1" if spoiled == "content" else b"")
    kept = raw.get(key)
    raw.set(key, kept[:-1] + bytes([kept[-1] ^ 1]), keepttl=True)
    with pytest.raises(Damaged):
        house.reading.reveal(sent.links[0].token, nonce(), None, visitor="", evidence=EVIDENCE)

    assert happened(house, sent) == ["message.sent", "link.revealed", "link.failed"]
    failed = house.sending.status(sent.control).events[-1]
    assert failed.evidence == EVIDENCE.as_dict()
    raw.set(key, kept, keepttl=True)
    assert read(house, sent.links[0].token) == "x"


def test_a_content_put_behind_another_message_s_link_does_not_open(house, raw):
    one, other = (house.sending.send(Draft("x")) for _ in range(2))
    raw.set(key_of(one, "content", b":1"), raw.get(key_of(other, "content", b":1")), keepttl=True)

    with pytest.raises(Damaged):
        read(house, one.links[0].token)


def test_a_key_that_is_missing_is_an_expiry_whatever_the_state_says(house, raw):
    """The wrapped key's presence is the truth."""
    sent = house.sending.send(Draft("x"))
    raw.delete(key_of(sent, "key"))

    with pytest.raises(Gone) as caught:
        read(house, sent.links[0].token)
    assert caught.value.state == "expired"
    assert [str(v.outcome) for v in house.sending.recall(sent.control)] == ["already_expired"]


def test_a_content_that_is_missing_spends_nothing(house, raw):
    sent = house.sending.send(Draft("x", passphrase="p"))
    raw.delete(key_of(sent, "content", b":1"))
    for passphrase in ("p", "wrong"):
        with pytest.raises(Unavailable):
            read(house, sent.links[0].token, 1, passphrase)

    assert happened(house, sent) == ["message.sent"]


def test_the_store_alone_opens_nothing(house, raw):
    """Somebody with a copy of the store has every key, and not one token, nonce or word."""
    draft = Draft("the safe is behind the Vermeer", recipients=("Anastasia",),
                  sender_name="Zacharias",
                  subject="Subjectively", passphrase="open sesame", views=2)  # fmt: skip
    sent = house.sending.send(draft, cookie="a-cookie-of-mine", evidence=EVIDENCE)
    link = sent.links[0].token
    house.reading.preview(link, [nonce()], visitor="browser", evidence=EVIDENCE)
    with pytest.raises(PassphraseWrong):
        read(house, link, 1, "wrong sesame")
    house.reading.reveal(link, nonce(), "open sesame", visitor="browser", evidence=EVIDENCE)
    house.sending.recall(sent.control, reason="a reason of mine", evidence=EVIDENCE)
    whole = b""
    for key in raw.scan_iter(b"{" + TAGS[link.shard].encode() + b"}:*", count=10_000):
        dumped = raw.type(key)
        read_all = {
            b"hash": lambda k: [x for pair in raw.hgetall(k).items() for x in pair],
            b"list": lambda k: raw.lrange(k, 0, -1),
            b"string": lambda k: [raw.get(k)],
            b"zset": lambda k: raw.zrange(k, 0, -1),
        }[dumped.encode() if isinstance(dumped, str) else dumped]
        whole += b"\n".join([key, *read_all(key)])

    secrets = [
        draft.text, "Anastasia", "Zacharias", "Subjectively", "sesame", "a-cookie-of-mine",
        "192.0.2", "Firefox", "Windows", "a reason of mine", nonce().value,
        str(link), str(sent.control),
        link.secret.hex(), sent.control.secret.hex(),
    ]  # fmt: skip
    assert link.link_id in whole
    for secret in [*(s.encode() for s in secrets), link.secret, sent.control.secret]:
        assert secret not in whole


# costs


class Watch:
    """What the store itself sees: one line for each command that came over a connection."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(5)
        self._socket.connect(path)
        self._socket.sendall(b"MONITOR\r\n")
        self._lines = self._socket.makefile("rb")
        self._lines.readline()

    def commands_until(self, sentinel: bytes) -> list[bytes]:
        seen = []
        for line in iter(self._lines.readline, b""):
            if sentinel in line:
                return seen
            if b" lua] " not in line:
                seen.append(line.partition(b"] ")[2][:20])
        raise AssertionError

    def close(self) -> None:
        self._lines.close()
        self._socket.close()


def test_when_warm_each_verb_is_one_round_trip_and_a_passphrase_costs_one_more(house, store, raw):
    def whole_life():
        sent = house.sending.send(Draft("x"))
        asked = house.sending.send(Draft("x", passphrase="p"))
        link = sent.links[0].token
        return {
            "send": (1, lambda: house.sending.send(Draft("x"))),
            "preview": (1, lambda: look(house, link, 1, 2)),
            "reveal": (1, lambda: read(house, link)),
            "again": (1, lambda: read(house, link)),
            "acknowledge": (1, lambda: house.reading.acknowledge(link, nonce(), keep=False)),
            "recall": (1, lambda: house.sending.recall(sent.control)),
            "status": (1, lambda: house.sending.status(sent.control)),
            "with passphrase": (2, lambda: read(house, asked.links[0].token, 1, "p")),
        }

    for _, deed in whole_life().values():
        deed()
    watch = Watch(store.url.removeprefix("unix://"))
    try:
        for name, (expected, deed) in whole_life().items():
            raw.echo("before " + name)
            watch.commands_until(b"before " + name.encode())
            deed()
            raw.echo("after " + name)
            seen = watch.commands_until(b"after " + name.encode())

            assert len(seen) == expected, (name, seen)
    finally:
        watch.close()


def test_a_live_message_of_200_bytes_takes_at_most_two_kilobytes(house, raw):
    """All its keys counted, and its member of `due`."""
    sent = house.sending.send(Draft("x" * 200), cookie="a cookie")
    tag = b"{%b}:" % TAGS[sent.control.shard].encode()
    due = tag + b"due"
    member = b"expire:" + sent.links[0].link_id
    whole = raw.memory_usage(due, samples=0)
    raw.zrem(due, member)
    without = raw.memory_usage(due, samples=0) or 0
    raw.zadd(due, {member: sent.expires_at})
    taken = sum(raw.memory_usage(tag + key, samples=0) for key in kept_of(raw, sent))

    assert taken + max(whole - without, 82) <= 2048


# a full store


@pytest.fixture
def full(own_store, ring, clock):
    """A house over a small store, and how to fill it."""
    store = own_store(store_bytes=16 * MIB, durability="memory")
    connection = wiring.Connection(wiring.connect(store.url))
    house = wiring.assemble(Settings(), ring, connection, now=clock.now)
    client = redis.Redis.from_url(store.url)

    def fill():
        for number in range(6):
            client.set(f"filling {number}", bytes(MIB))
        # What replies need comes and goes; from here on it is full whatever they need.
        client.config_set("maxmemory", 6 * MIB)
        with pytest.raises(redis.OutOfMemoryError):
            client.set("one more", "x")

    yield house, client, fill
    client.close()
    for pool in connection.pools:
        pool.disconnect()


def test_a_full_store_refuses_new_content_whole_and_still_does_all_else(full, clock):
    house, client, fill = full
    many = tuple(f"recipient {n}" for n in range(5))
    sent = house.sending.send(Draft("one", recipients=many, views=2, passphrase="p"))
    late = house.sending.send(Draft("two", expires_in_seconds=60))
    fill()
    keys, due = client.dbsize(), client.zcard(f"{{{TAGS[sent.control.shard]}}}:due")
    for _ in range(3):
        with pytest.raises(Unavailable):
            house.sending.send(Draft("three", recipients=many))
        with pytest.raises(Unavailable):
            house.sending.replace(sent.control, "four", passphrase="p")
    assert client.dbsize() == keys
    assert client.zcard(f"{{{TAGS[sent.control.shard]}}}:due") == due
    assert house.sending.status(sent.control).version == 1

    ana, bob, cid, dot, _ = (link.token for link in sent.links)
    look(house, ana, 1)
    for reader in (1, 2):
        assert read(house, ana, reader, "p") == "one"
    assert read(house, ana, 1, "p") == "one"
    house.reading.acknowledge(ana, nonce(1), keep=False)
    with pytest.raises(PassphraseWrong):
        read(house, bob, 1, "wrong")
    for _ in range(10):
        with pytest.raises((PassphraseWrong, Gone)):
            read(house, dot, 1, "wrong")
    house.sending.extend(sent.control, 60)
    (verdict,) = house.sending.recall(sent.control, [cid.link_id], reason="full")
    assert verdict.outcome == "recalled_unread"
    clock.forward(300_000)
    house.timekeeping.catch_up()
    assert [str(link.state) for link in house.sending.status(sent.control).links] == [
        "spent", "expired", "recalled", "locked", "expired",
    ]  # fmt: skip
    assert house.sending.status(late.control).links[0].state == "expired"
    clock.forward(Settings().retention_seconds * 1000)
    house.timekeeping.catch_up()
    for one in (sent, late):
        with pytest.raises(NotFound):
            house.sending.status(one.control)
