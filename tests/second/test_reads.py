"""The specifications alone are enough to read a store: of this version, and of each before."""

import base64
import hmac
import re

import pytest

from restante.crypto.tokens import ControlToken
from restante.messages import Page
from tests.second import dump, reader, sealed
from tests.second.lives import (
    ANA,
    ENDED,
    OPEN,
    PASSPHRASE,
    PASSPHRASES,
    SENDER,
    TEXT,
    Clock,
    house_at,
)
from tests.second.lives import reader as reader_key

LATER = (0, 3_601_000, 2 * 86_400_000, 10 * 86_400_000)
"""What is held opens, what was extended expires, and at last everything."""


def known(names, lives):
    """Return those that a store has: one of an earlier version has fewer."""
    return [(name, states) for name, states in names.items() if name in lives.controls]


def test_an_implementation_of_the_specifications_opens_what_waits(copy):
    its, lives = copy
    for name, states in known(OPEN, lives):
        links = its.message(lives.controls[name])["links"]
        texts = [its.open(link["token"], PASSPHRASES.get(name)) for link in links]

        assert [link["state"] for link in links] == states, name
        first = "the first text" if name == "replaced" else TEXT
        assert texts == [first, *[TEXT] * (len(links) - 1)], name


def test_it_opens_nothing_that_ended_and_nothing_with_another_passphrase(copy):
    its, lives = copy
    for name, states in known(ENDED, lives):
        links = its.message(lives.controls[name])["links"]

        assert [link["state"] for link in links] == states, name
        for link in links:
            with pytest.raises(reader.Ended):
                its.open(link["token"], PASSPHRASE)
    for name, _ in known(PASSPHRASES, lives):
        [link] = its.message(lives.controls[name])["links"]
        for wrong in ("wrong", "", None):
            with pytest.raises(sealed.Rejected):
                its.open(link["token"], wrong)


def test_it_reads_a_sent_list(copy):
    """Stores of the first version have none."""
    its, lives = copy
    found = its.sent(lives.list_token) if lives.list_token else []

    assert found == [
        {"token": control, "links": 2, "subject": "Keys", "labels": ["Zoë", "Bob"]}
        for name, control in lives.controls.items()
        if name == "in a list"
    ]


def test_it_reads_what_a_sender_is_told(copy):
    its, lives = copy
    several = its.message(lives.controls["several"])
    recalled = its.message(lives.controls["recalled"])
    hooked = its.message(lives.controls["told by webhook"])
    coded = its.message(lives.controls["mailed a code"])
    token = ControlToken.parse(lives.controls["told by webhook"])

    assert (several["from"], several["subject"], several["always_asks"]) == ("Marta", "Keys", True)
    assert [link["recipient"] for link in several["links"]] == ["Ana", "Bob", "Zoë"]
    assert [link["disputes"] for link in several["links"]] == [1, 0, 0]
    assert [link["declines"] for link in several["links"]] == [0, 1, 0]
    assert [event["type"] for event in several["events"]] == [
        "message.sent", "link.revealed", "link.acknowledged", "link.prolonged", "link.confirmed",
        "link.disputed", "link.declined", "message.extended",
    ]  # fmt: skip
    assert several["events"][1]["evidence"] == ANA.as_dict()
    assert several["events"][-1]["evidence"] == SENDER.as_dict()
    assert {look["type"] for look in several["looks"]} == {"link.reread", "link.fetched"}
    assert recalled["links"][0]["outcome"] == "recalled_unread"
    assert recalled["links"][0]["reason"] == "wrong Ana"
    assert recalled["events"][-1]["evidence"] == SENDER.as_dict() | {"reason": "wrong Ana"}
    assert hooked["webhook"] == {"url": "https://hooks.example/x", "secret": token.webhook_secret}
    ana, bob = coded["links"]
    assert (ana["address"], bob["address"]) == ("ana@example.com", "bob@example.com")
    assert re.fullmatch(r"\d{6}", ana["code"])
    assert ana["tries"] == 2
    assert its.holder(lives.sender_token) == "front desk"


def test_time_alone_changes_states_as_the_specification_says(copy):
    """Nobody has written yet what became of a link: both implementations know by the clock."""
    its, lives = copy
    states = []
    for later in LATER:
        its.now = lives.now + later
        found = {name: its.message(control) for name, control in lives.controls.items()}
        states.append({n: [link["state"] for link in one["links"]] for n, one in found.items()})

    assert [one["held"] for one in states] == [["held"], ["sealed"], ["sealed"], ["expired"]]
    assert [one["several"][0] for one in states] == ["read", "read", "expired", "expired"]
    assert {state for one in states[-1].values() for state in one} == reader.FINAL


def test_both_implementations_tell_the_same_states_and_readers_at_any_time(lived):
    connection, lives, client = lived
    its = reader.Copy(dump.read(client), lives.root_keys, lives.now)
    for later in LATER:
        its.now = lives.now + later
        house = house_at(connection, lives.root_keys, Clock(its.now))
        for name, control in lives.controls.items():
            status = house.managing.status(ControlToken.parse(control), Page(after=0))
            told = [link["state"] for link in its.message(control)["links"]]
            assert told == [str(link.state) for link in status.links], name

    ana, bob, _ = its.message(lives.controls["several"])["links"]
    _, secret = sealed.token_of("L", ana["token"])
    known_as = its.reader(ana["token"], sealed.reader_id(secret, reader_key(1).value))
    del known_as["lease_until"], known_as["claimed_at"]
    assert known_as == {"view": 1, "acknowledged": 1, "confirmed": 1, "on_screen": 30_000}
    assert its.reader(bob["token"], sealed.reader_id(secret, reader_key(1).value)) is None


def test_both_implementations_know_what_waits_and_what_was_given_up(lived):
    connection, lives, client = lived
    its = reader.Copy(dump.read(client), lives.root_keys, lives.now)
    house = house_at(connection, lives.root_keys, Clock(lives.now))
    waiting = its.deliveries("outbox", "outbox-code", "outbox-email", "outbox-push")
    dead = its.deliveries("dead")
    codes = its.deliveries("outbox-code")

    def told(standings):
        return {(one.message_id.hex(), one.channel): one.at for one in standings}

    assert waiting == told(house.delivering.waiting())
    assert dead == told(house.delivering.dead())
    assert {channel for _, channel in codes} == {"code"}
    assert (len(waiting), len(dead)) == (8, 1)


def test_what_is_counted_for_a_day_is_named_as_the_specification_says(lived):
    connection, lives, client = lived
    house = house_at(connection, lives.root_keys, Clock(lives.now))
    newest = next(iter(sealed.ring_of(lives.root_keys).values()))
    ids = [sealed.address_id(newest, "Ana+x@example.org"),
           hmac.digest(house.key_for("limits"), b"192.0.2.7/32", "sha256")[:16]]  # fmt: skip
    house.budgets.afford_notification(ids[0], 50)
    house.connection.count([house.budgets.counter(ids[1], 5)])
    tags = [reader.TAGS[one[0] % 16].encode() for one in ids]
    counted = [client.hgetall(b"{%b}:budget:%b" % pair) for pair in zip(tags, ids, strict=True)]

    assert counted == [{b"messages": b"1", b"bytes": b"0"}, {b"messages": b"1", b"bytes": b"5"}]
    assert sealed.network_id(newest, "192.0.2.7/32") == ids[1]


def test_it_finds_what_an_address_agreed_to(lived):
    _, lives, client = lived
    its = reader.Copy(dump.read(client), lives.root_keys, lives.now)
    [facts] = [facts for purpose, facts in its.boxes() if purpose == "consent-key"]
    key = base64.urlsafe_b64decode(facts["key"])
    found = {}
    for address in ("ana@example.com", "bob@example.com", "zoe@example.com"):
        address_id, consent_id = sealed.consent_ids(key, bytes(range(16)), address)
        tag = reader.TAGS[address_id[0] % 16]
        kept = its.store[f"{{{tag}}}:consents:".encode() + address_id]
        state = kept.get(consent_id, b"stopped" if b"stopped" in kept else b"")
        found[address] = state.partition(b" ")[0]

    assert list(found.values()) == [b"given", b"asked", b"stopped"]
